/**
 * Runs the programs as a shell would: words in; exit code, stdout and stderr out. Nothing of the test's environment
 * reaches them but what is given.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Elsewhere when they were packed for a machine that is emulated. */
const root = process.env['WORMHOLE_TEST_PROGRAMS'] ?? fileURLToPath(new URL('../..', import.meta.url));

/** How a program ended. */
export interface Ended {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where relative paths start. */
  readonly cwd?: string;
  /** Its standard input, which then ends; `open` = the caller writes to it. Absent = /dev/null. */
  readonly stdin?: string | Uint8Array | { readonly open: true };
}

/** A program that runs; whoever started it sees to its end. */
export interface Running {
  readonly child: ChildProcess & { readonly pid: number };
  /** What it has printed so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves when it has ended and everything it printed was read. */
  readonly ended: Promise<Ended>;
}

/** @returns the path of `./wormhole` or `./wormholed` @throws when it is not built */
export function program(name: 'wormhole' | 'wormholed'): string {
  const path = join(root, name);
  if (!existsSync(path)) throw new Error(`./${name} is not built; run make`);
  return path;
}

/** Starts `path`. */
export function start(path: string, words: readonly string[], options: ProgramOptions = {}): Running {
  const { env = {}, cwd = '/', stdin } = options;
  const child = spawn(path, words, {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    cwd,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // A program that ends without reading is judged by its exit code.
  child.stdin?.on('error', () => undefined);
  if (typeof stdin === 'string' || stdin instanceof Uint8Array) child.stdin?.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child: child as Running['child'], output, ended };
}

/** Runs `wormhole` to its end. */
export function wormhole(words: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return start(program('wormhole'), words, options).ended;
}
