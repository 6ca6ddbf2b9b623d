/** Runs one program for a test and returns what it printed; a failure carries its stderr. */
import { spawn } from 'node:child_process';
import { patience } from './patience.ts';

export interface CommandOptions {
  /** Bytes for its standard input; absent = /dev/null. */
  readonly stdin?: Uint8Array | string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs `program`, never through a shell. Resolves with trimmed stdout; rejects unless it exits 0. */
export function command(program: string, words: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'pipe', env: options.env ?? process.env });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(stdout).toString().trim());
      const reason = Buffer.concat(stderr).toString().trim();
      reject(new Error(`${program} ${words.join(' ')}: ${signal ?? `exit ${code}`}: ${reason}`));
    });
    // A program that exits without reading is no failure of ours: its exit code decides.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin);
  });
}

/** Asks `ready` until it answers true. @throws when `alive` turns false, or after `timeoutMs` */
export async function until(
  what: string,
  ready: () => Promise<boolean> | boolean,
  options: { readonly timeoutMs?: number; readonly alive?: () => boolean } = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 20_000 * patience;
  const deadline = Date.now() + timeoutMs;
  while (!(await ready())) {
    if (options.alive?.() === false) throw new Error(`${what}: the process has ended`);
    if (Date.now() > deadline) throw new Error(`${what}: still not so after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
