/** Ends a host's daemon at a step of making a tunnel; see `kill-at.c`, which is compiled when it is wanted. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';
import type { Host } from './host.ts';
import { start } from './program.ts';
import { until } from './relay-wait.ts';

/** @returns the program, a file that goes with the box of the test */
export async function buildKiller(): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'wormhole-kill-')), 'kill-at');
  await command('gcc', ['-O2', '-Wall', '-o', file, join(import.meta.dirname, 'kill-at.c')]);
  return file;
}

/**
 * From now on the host's daemon is killed when the kernel has made the n-th change in its network.
 *
 * @returns `changes`: those until then, once it is dead
 */
export async function killAt(
  killer: string,
  { netns, daemon }: Host,
  n: number,
): Promise<{ readonly changes: Promise<readonly string[]> }> {
  const running = start(killer, [netns.path, `${daemon.pid}`, `${n}`], { stdin: { open: true } });
  await until('the changes are watched', () => running.output.stdout.startsWith('ready\n'));
  const changes = daemon.ended.then(async () => {
    running.child.stdin?.end();
    return (await running.ended).stdout.trim().split('\n').slice(1);
  });
  return { changes };
}
