/**
 * A process with a data plane of its own, told by a few lines of JavaScript what to do with it; its standard output is
 * what it says, line by line.
 *
 * The lines find `startDataPlane`, `open(kind, port)`, `say(text)`, `plane` unless `unstarted`, and `workerUrl`.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Ended, type Running, start } from './program.ts';
import { within } from './relay-wait.ts';
import type { Compiled } from './relay-worker.ts';

/** What {@link PlaneChild} needs compiled. */
export const planeSources = ['proxy/plane.ts', 'proxy/thread/worker.ts', 'proxy/head/listener.ts'] as const;

export interface PlaneChildOptions {
  /** The lines start the plane themselves. */
  readonly unstarted?: boolean;
  /** Open files it may have; it cannot raise that. */
  readonly nofile?: number;
}

/** See the module header. */
export class PlaneChild implements AsyncDisposable {
  readonly #directory: string;
  readonly #running: Running;
  readonly #lines: AsyncIterator<string>;

  constructor(compiled: Compiled, lines: string, { unstarted = false, nofile }: PlaneChildOptions = {}) {
    const url = (source: (typeof planeSources)[number]): string => JSON.stringify(compiled.url(source).href);
    const program = `
      import { startDataPlane } from ${url('proxy/plane.ts')};
      import { openIpListener } from ${url('proxy/head/listener.ts')};
      const workerUrl = new URL(${url('proxy/thread/worker.ts')});
      const say = (text) => process.stdout.write(text + '\\n');
      const onFault = (message) => say('fault: ' + message);
      ${unstarted ? '' : 'const plane = await startDataPlane({ workers: 2, onFault });'}
      /** Opens a route to a port of 127.0.0.1. @returns the route, and the port of its head */
      async function open(target) {
        const route = await plane.open({
          id: 'child', kind: 'stream', balance: 'rr', connectTimeoutMs: 60000, connIdleMs: 0, halfOpenLingerMs: 0,
          flowIdleMs: 60000, maxConns: 100000,
        });
        const address = { kind: 'ip', host: '127.0.0.1', port: target };
        await route.retarget({ targets: [{ member: 0, label: 'm0', address }], validForMs: Infinity });
        const { socket, port } = openIpListener({ protocol: 'tcp', host: '127.0.0.1', port: 0 });
        await route.listen(socket);
        return { route, port };
      }
      ${lines}`;
    // A file: threads inherit the options of `node -e`, and cannot start with them.
    this.#directory = mkdtempSync(join(tmpdir(), 'wh-plane-'));
    const file = join(this.#directory, 'child.mjs');
    writeFileSync(file, program);
    const words = [process.execPath, file];
    const [path = '', ...rest] =
      nofile === undefined ? words : ['/usr/bin/prlimit', `--nofile=${nofile}:${nofile}`, ...words];
    this.#running = start(path, rest);
    const { stdout } = this.#running.child;
    if (stdout === null) throw new Error('no pipe');
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#running.child.pid;
  }

  /** Everything it has printed. */
  get output(): { readonly stdout: string; readonly stderr: string } {
    return this.#running.output;
  }

  /** The next line it says. */
  async hear(): Promise<string> {
    const line = await within('a line of the child', this.#lines.next());
    if (line.done === true) throw new Error(`the child has ended: ${this.output.stderr}`);
    return line.value;
  }

  /** How it ends, by itself. */
  end(): Promise<Ended> {
    return within('the child to end', this.#running.ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#directory, { recursive: true });
    const { child } = this.#running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}
