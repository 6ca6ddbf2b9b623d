/**
 * The real daemon and its command line, with a key, a socket and a state directory of their own.
 *
 * It runs in the network namespace that the test is in, where it has 127.0.0.1:9999 for itself. Its log is shown when
 * the test fails. It ends with the test process, however that ends.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFailed } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { type Answer, type Call, callApi } from './api-call.ts';
import { type Ended, program, type Running, start, wormhole } from './program.ts';
import { until, within } from './relay-wait.ts';

/** What a daemon is given to live with. */
export interface Paths {
  /** Where it runs. */
  readonly folder: string;
  readonly keyFile: string;
  readonly socket: string;
  readonly stateDir: string;
}

/** What outlives a daemon: its key, its memory, and where its socket stands. */
export class Belongings implements Paths, Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'wormhole-daemon-'));
  readonly key: string;
  readonly keyFile: string = join(this.folder, 'key.secret');
  readonly socket: string = join(this.folder, 'wormhole.sock');
  readonly stateDir: string = join(this.folder, 'state');

  /** @param key the one of another daemon, for a peer of it */
  constructor(key: string = randomBytes(32).toString('base64')) {
    this.key = key;
    writeFileSync(this.keyFile, `${key}\n`, { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

export interface DaemonOptions {
  /** Borrowed, so that another daemon may take over; absent = its own, removed with it. */
  readonly of?: Belongings;
  /** For belongings of its own: the key of another daemon. */
  readonly key?: string;
  /** Further flags of wormholed. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Words of a program that it is started by, e.g. `unshare`; that must exec it. */
  readonly under?: readonly string[];
}

/** Flags and environment of a daemon that has nothing to do with this machine's own. */
export function wormholed(
  of: Paths,
  { flags = [], env = {}, cwd = of.folder, under = [] }: DaemonOptions = {},
): Running {
  const words = ['--socket', of.socket, '--state-dir', of.stateDir, '-K', of.keyFile, ...flags];
  const noEngine = { DOCKER_HOST: `unix://${join(of.folder, 'no-docker.sock')}` };
  // The kernel ends it with us, even when the test process is killed.
  return start('setpriv', ['--pdeathsig=KILL', ...under, program('wormholed'), ...words], {
    env: { ...noEngine, ...env },
    cwd,
  });
}

export class Daemon implements AsyncDisposable {
  readonly of: Belongings;
  readonly #running: Running;
  readonly #owned: boolean;

  private constructor(of: Belongings, running: Running, owned: boolean) {
    this.of = of;
    this.#running = running;
    this.#owned = owned;
  }

  /** Resolves when it is ready to serve. */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const of = options.of ?? new Belongings(options.key);
    const daemon = new Daemon(of, wormholed(of, options), options.of === undefined);
    showWhenFailed(() => daemon.log);
    try {
      await daemon.logged('"msg":"ready"');
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw new Error(`wormholed did not start:\n${daemon.log.slice(-4000)}`, { cause: error });
    }
  }

  get pid(): number {
    return this.#running.child.pid;
  }

  get alive(): boolean {
    const { exitCode, signalCode } = this.#running.child;
    return exitCode === null && signalCode === null;
  }

  /** Everything it has printed: its log, and its last words. */
  get log(): string {
    return this.#running.output.stdout + this.#running.output.stderr;
  }

  /** Resolves when it has ended by itself or by {@link stop}. */
  get ended(): Promise<Ended> {
    return this.#running.ended;
  }

  /** Waits for text in the log. */
  async logged(text: string): Promise<void> {
    await until(`wormholed logs ${text}`, () => {
      if (!this.alive) throw new Error('wormholed has ended');
      return this.log.includes(text);
    });
  }

  /** Runs the command line against its socket. */
  wormhole(...words: readonly string[]): Promise<Ended> {
    return wormhole(['--socket', this.of.socket, ...words]);
  }

  /** What `wormhole --json …` prints; rejects when it fails. */
  async json<T>(...words: readonly string[]): Promise<T> {
    const { code, stdout } = await this.wormhole('--json', ...words);
    if (code !== 0) throw new Error(`wormhole ${words.join(' ')}: exit ${code}: ${stdout}`);
    return JSON.parse(stdout) as T;
  }

  /** Makes a wormhole; the words as on the command line, or split at blanks. Rejects when it is refused. */
  async create(spec: string | readonly string[]): Promise<Wormhole & { readonly port: number }> {
    const words = typeof spec === 'string' ? spec.split(' ') : spec;
    const { status, text, body } = await this.post({ words });
    if (status !== 201) throw new Error(`create ${words.join(' ')}: ${text}`);
    const made = body as Wormhole;
    return { ...made, port: Number(/:(\d+)$/.exec(made.url)?.[1] ?? 0) };
  }

  /** Ends wormholes and their connections at once, whatever has become of them. */
  async delete(...ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.ask(`/v1/wormholes/${id}?now=true`, { method: 'DELETE' });
  }

  /** Calls the API on the socket, without the cost of a program. */
  ask(path: string, call?: Call): Promise<Answer> {
    return callApi(this.of.socket, path, call);
  }

  /** What `GET` of the API answers. */
  async get<T>(path: string): Promise<T> {
    return (await this.ask(path)).body as T;
  }

  /** Asks for a wormhole with a body of one's own. */
  post(json: unknown): Promise<Answer> {
    return this.ask('/v1/wormholes', { method: 'POST', json });
  }

  /** As it is now. */
  async look(id: string): Promise<Wormhole> {
    return (await this.get<{ wormhole: Wormhole }>(`/v1/wormholes/${id}`)).wormhole;
  }

  /** Waits until a wormhole is as wanted. */
  async sees(id: string, what: string, holds: (one: Wormhole) => boolean): Promise<Wormhole> {
    return await until(`${id} is ${what}`, async () => {
      const one = await this.look(id);
      return holds(one) && one;
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#running.child.kill(signal);
  }

  /** Ends it and waits for that. @returns its exit code; null when the signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.alive) this.signal(signal);
    return (await within('the end of wormholed', this.ended)).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.alive) this.signal('SIGTERM');
    // The second one ends the drain; of two that come together the kernel makes one.
    const again = setInterval(() => this.signal('SIGTERM'), 50);
    const late = setTimeout(() => this.signal('SIGKILL'), 10_000);
    await this.ended;
    clearInterval(again);
    clearTimeout(late);
    if (this.#owned && existsSync(this.of.folder)) this.of[Symbol.dispose]();
  }
}

function showWhenFailed(log: () => string): void {
  try {
    onTestFailed(() => console.log(`wormholed:\n${log().slice(-8000)}`));
  } catch {
    // Started for a whole file: see world.ts.
  }
}
