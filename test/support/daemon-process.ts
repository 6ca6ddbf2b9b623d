/**
 * A real `wormholed` for a test: compiled, with a directory and a network namespace of its own.
 *
 *   test process ──unix──► DIR/control.sock ── wormholed (namespace: lo only) ── whatever the test puts there
 *
 * Needs root and a build (`make`); WORMHOLE_DIST names another `dist`. Disposing ends the daemon by its pid and
 * removes everything, its state too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { NetNamespace } from '../../src/sys/netns.ts';
import { tcpSocketIn } from '../../src/sys/sockets.ts';
import { until } from './command.ts';

const dist = resolve(process.env['WORMHOLE_DIST'] ?? join(import.meta.dirname, '../../dist'));

export interface DaemonOptions {
  /** Further words of the command line; without a `-H` there is no control port. */
  readonly words?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Of an earlier daemon, to start on what it left. */
  readonly directory?: string;
  /** A namespace file to run in, e.g. `/run/netns/x`; absent = a fresh one. */
  readonly namespace?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export class TestDaemon implements AsyncDisposable {
  /** Holds `control.sock`, `state/` and `log`. */
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals>;
  readonly #keep: boolean;
  #log = '';

  private constructor(child: ChildProcess, directory: string, keep: boolean) {
    this.#child = child;
    this.directory = directory;
    this.#keep = keep;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.#log += chunk));
    this.#ended = once(child, 'close').then(([code, signal]) => (signal as NodeJS.Signals | null) ?? Number(code));
  }

  /** Starts a daemon and waits until it is ready. @throws when it ends instead, with what it printed */
  static async start(options: DaemonOptions = {}): Promise<TestDaemon> {
    const daemon = TestDaemon.spawn(options);
    try {
      await until('wormholed is ready', () => daemon.log.includes('"msg":"ready"'), { alive: () => daemon.alive });
    } catch (cause) {
      await daemon[Symbol.asyncDispose]();
      throw new Error(`wormholed did not start:\n${daemon.log}`, { cause });
    }
    return daemon;
  }

  /** Starts a daemon without waiting for anything. */
  static spawn({ words = [], env = {}, directory, namespace }: DaemonOptions = {}): TestDaemon {
    const own = directory ?? mkdtempSync(join(tmpdir(), 'wormholed-'));
    const listen = words.some((word) => word.startsWith('-H')) ? [] : ['-H', `unix://${join(own, 'peer.sock')}`];
    const program = [process.execPath, join(dist, 'daemon/main.js')];
    const files = ['--socket', join(own, 'control.sock'), '--state-dir', join(own, 'state')];
    const enter =
      namespace === undefined
        ? ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
        : ['nsenter', `--net=${namespace}`, '--'];
    const [command = '', ...rest] = [...enter, ...program, ...listen, ...files, ...words];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    return new TestDaemon(child, own, directory !== undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get socketPath(): string {
    return join(this.directory, 'control.sock');
  }

  /** Everything it printed so far. */
  get log(): string {
    return this.#log;
  }

  /** Exit code, or the signal that ended it. */
  get ended(): Promise<number | NodeJS.Signals> {
    return this.#ended;
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** One request over the control socket, as our own client would send it. */
  async ask(method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': `${body.length}` };
    const asking = request({
      socketPath: this.socketPath,
      method,
      path,
      headers: { host: 'wormhole', ...type, ...headers },
      agent: false,
    });
    asking.end(body);
    const [answer] = await once(asking, 'response');
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return { status: answer.statusCode, headers: answer.headers, text };
  }

  /** A connection to the control socket. */
  connect(): Socket {
    return connect({ path: this.socketPath });
  }

  /** A connection that is made inside the daemon's network namespace. */
  connectInside(port: number, host = '127.0.0.1'): Socket {
    using namespace = NetNamespace.ofPid(this.pid);
    const fd = tcpSocketIn(namespace, host).release();
    return new Socket({ fd, readable: true, writable: true }).connect({ host, port, family: 4 } as never);
  }

  /** Sends a signal and resolves when it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.#child.kill(signal);
    return await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.alive) {
      this.#child.kill('SIGTERM');
      const hard = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
      await this.#ended;
      clearTimeout(hard);
    }
    if (!this.#keep) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Sends bytes, then reads until the other side ends or resets. */
export async function converse(socket: Socket, bytes: string | Uint8Array, end = false): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.on('error', () => undefined);
  if (end) socket.end(bytes);
  else socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}
