/**
 * A started program: spawned in its own process group with a log file, stopped with everything it forked.
 *
 * Owns the processes; what they cost is read by procfs.mjs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening } from './procfs.mjs';

/** Milliseconds between SIGTERM and SIGKILL. */
const patienceMs = 3000;
/** Milliseconds until a program has to be ready: a hundred may start at a time, or the processor be emulated. */
const readyMs = 60_000 * Number(process.env['WORMHOLE_BENCH_PATIENCE'] ?? 1);

export class Program {
  /** @type {import('node:child_process').ChildProcess} */
  #child;
  #log;

  /**
   * @param {readonly string[]} argv
   * @param {{ log: string, cwd?: string, env?: Record<string, string> }} where log is a file for both its outputs, env what it has beside ours
   */
  constructor(argv, { log, cwd, env }) {
    const [file = '', ...words] = argv;
    const fd = openSync(log, 'a');
    // Its own group, so that the workers and children it forks can be stopped with it.
    const options = {
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env: { ...process.env, ...env } }),
    };
    this.#child = spawn(file, words, { stdio: ['ignore', fd, fd], detached: true, ...options });
    this.#child.on('error', () => {});
    closeSync(fd);
    this.#log = log;
  }

  get pid() {
    return this.#child.pid ?? -1;
  }

  get running() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Resolves when `done` says so.
   *
   * @param {() => boolean | Promise<boolean>} done asked every few milliseconds
   * @param {string} what for the error: what is waited for
   * @throws {Error} with the log's end when the program exits first, or takes too long
   */
  async until(done, what) {
    const limit = Date.now() + readyMs;
    while (!(await done())) {
      if (!this.running || Date.now() > limit) {
        throw new Error(
          `${this.#child.spawnfile} ${this.running ? 'took too long' : 'ended'} before ${what}: ${this.#tail()}`,
        );
      }
      await sleep(5);
    }
  }

  /** @param {'tcp' | 'udp'} protocol @param {readonly number[]} ports resolves when all of them are listened on */
  async listens(protocol, ports) {
    await this.until(
      () => ports.every((port) => listening(protocol, port, this.pid)),
      `it listened on ${protocol} ${ports.join(', ')}`,
    );
  }

  /** @returns {string | undefined} how it ended and its last words; absent while it runs */
  get obituary() {
    if (this.running) return undefined;
    const { spawnfile, exitCode, signalCode } = this.#child;
    return `${spawnfile} ended with ${signalCode ?? exitCode}: ${this.#tail()}`;
  }

  async stop() {
    if (!this.running) return;
    const exited = once(this.#child, 'exit');
    this.#signal('SIGTERM');
    await Promise.race([exited, sleep(patienceMs, undefined, { ref: false })]);
    this.#signal('SIGKILL'); // also what it forked and left
    await exited;
  }

  /** @param {NodeJS.Signals} signal */
  #signal(signal) {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  /** @param {string} line whether the program has written it */
  logged(line) {
    return readFileSync(this.#log, 'utf8').split('\n').includes(line);
  }

  #tail() {
    return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-5).join('\n') || '(its log is empty)';
  }
}
