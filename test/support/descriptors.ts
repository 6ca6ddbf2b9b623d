/**
 * What is open in this process, and what of it a child would inherit.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';

/** Open descriptors of this process. */
export function openDescriptors(): number {
  // One of them is that of the directory being read.
  return readdirSync('/proc/self/fd').length - 1;
}

/** What the descriptors of a child are that starts now, e.g. `socket:[4711]`; standard streams are not inherited here. */
export function inherited(): string[] {
  const list = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
  return list.split('\n').flatMap((line) => line.split(' -> ')[1] ?? []);
}

/** The same name for one descriptor of ours. */
export function nameOf(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`);
}
