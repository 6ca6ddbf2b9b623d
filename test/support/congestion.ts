/** Congestion control of TCP as a namespace has it, and as its sockets do. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Netns } from './netns.ts';

/** Why no algorithm can be had that paces, as a reason to skip a test; undefined when one can. */
export function missingBbr(): string | undefined {
  try {
    // Loads the module where it is one.
    execFileSync('modprobe', ['--quiet', 'tcp_bbr'], { stdio: 'ignore' });
  } catch {
    // No modprobe, or built in.
  }
  const there = readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');
  return there.includes('bbr') ? undefined : 'the kernel has no BBR (tcp_bbr)';
}

/** From now on sockets of `netns` begin with `algorithm`. */
export function useCongestion(netns: Netns, algorithm: string): void {
  netns.namespace.enter(() => writeFileSync('/proc/sys/net/ipv4/tcp_congestion_control', algorithm));
}

/** The algorithms of the connections that `filter` (ss(8)) selects. */
export function congestionIn(netns: Netns, filter: string): string[] {
  const words = [`--net=${netns.path}`, 'ss', '-OHtin', 'state', 'established', filter];
  const lines = execFileSync('nsenter', words, { encoding: 'utf8' }).trim().split('\n').filter(Boolean);
  return lines.map((line) => / (reno|cubic|bbr)\b/.exec(line)?.[1] ?? line);
}
