/**
 * Where the files of the conformance and functional tests run: each file in a process, and that in a box, of its own.
 *
 * The box is `scripts/in-netns.sh`, as around the whole run: a network namespace with loopback alone, its own named
 * namespaces and its own temporary files. So two files that run at the same time can neither meet on a port nor on a
 * name, and whichever worker is free takes the next file: no list of who runs with whom. What is of the whole machine
 * whatever the box (process ids, control groups, paths elsewhere) a test has to name for itself alone.
 */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { resolve } from 'node:path';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node';

export const box = resolve(import.meta.dirname, '../../scripts/in-netns.sh');

/** A file that will not end is killed after this many milliseconds: vitest itself asks twice before. */
const endingLimit = 5000;

/** A worker process of vitest's own (`workers/forks.js` speaks the protocol), started by the box instead of directly. */
class BoxedWorker implements PoolWorker {
  readonly name = 'forks';
  /** Compiled modules come over the channel: the runner's temporary files are not seen inside the box. */
  readonly cacheFs = false;
  readonly #entry: string;
  readonly #options: ForkOptions;
  readonly #streams: { readonly out: NodeJS.WritableStream; readonly error: NodeJS.WritableStream };
  #process: ChildProcess | undefined;

  constructor({ distPath, execArgv, env, project }: PoolOptions) {
    this.#entry = resolve(distPath, 'workers/forks.js');
    // The channel is an open descriptor and a variable; both pass through the shells of the box, which become node.
    const words = [process.execPath, ...execArgv];
    this.#options = {
      execPath: box,
      execArgv: words,
      env,
      stdio: 'pipe',
      serialization: 'advanced',
    };
    const { outputStream, errorStream } = project.vitest.logger;
    this.#streams = { out: outputStream, error: errorStream };
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    const { out, error } = this.#streams;
    this.#process = fork(this.#entry, [], this.#options);
    this.#process.stdout?.on('data', (text) => out.write(text));
    this.#process.stderr?.on('data', (text) => error.write(text));
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    this.#process = undefined;
    if (running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    const overdue = setTimeout(() => running.kill('SIGKILL'), endingLimit);
    running.kill();
    await ended;
    clearTimeout(overdue);
  }

  on(event: string, callback: (argument: unknown) => void): void {
    this.#process?.on(event, callback);
  }

  off(event: string, callback: (argument: unknown) => void): void {
    this.#process?.off(event, callback);
  }

  send(message: WorkerRequest): void {
    this.#process?.send(message);
  }

  deserialize(data: unknown): unknown {
    return data;
  }
}

export const boxPool: PoolRunnerInitializer = {
  name: 'boxed',
  createPoolWorker: (options) => new BoxedWorker(options),
};
