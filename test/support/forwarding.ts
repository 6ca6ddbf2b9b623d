/** `wormhole forward` as it runs in a host of a test: started, ready, ended. */
import type { Host } from './host.ts';
import { type Ended, program, type Running } from './program.ts';
import { until, within } from './relay-wait.ts';

export class Forwarding implements AsyncDisposable {
  readonly #running: Running;

  private constructor(running: Running) {
    this.#running = running;
  }

  /** Begins; see {@link ready}. */
  static begin(host: Host, words: string, env: Readonly<Record<string, string>> = {}): Forwarding {
    const key = ['-K', host.belongings.keyFile];
    const all = ['forward', ...key, '--drain', '0s', ...words.split(' ')];
    return new Forwarding(host.start([program('wormhole'), ...all], { env }));
  }

  /** Resolves when its ports are open. */
  static async start(host: Host, words: string, env: Readonly<Record<string, string>> = {}): Promise<Forwarding> {
    const forwarding = Forwarding.begin(host, words, env);
    await forwarding.ready();
    return forwarding;
  }

  /** Runs one that fails. @returns its exit code and the code of its error */
  static async fails(host: Host, words: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stderr } = await within('the end of forward', Forwarding.begin(host, words, env).ended);
    return `${code} ${/\[(WH_ERR_\w+)\]/.exec(stderr)?.[1] ?? stderr}`;
  }

  async ready(): Promise<void> {
    await until('forward tells its ports', () => {
      if (this.#running.child.exitCode !== null) throw new Error(`forward has ended: ${this.log}`);
      return this.#running.output.stdout.includes('->');
    });
  }

  /** Lines on stderr. */
  get log(): string {
    return this.#running.output.stderr;
  }

  /** Ports that it listens on, in the order of its mappings. */
  get ports(): readonly number[] {
    return [...this.#running.output.stdout.matchAll(/^tcp:\/\/\S+:(\d+) ->/gm)].map(([, port]) => Number(port));
  }

  /** The first of them. */
  get port(): number {
    const [port] = this.ports;
    if (port === undefined) throw new Error(`forward listens nowhere: ${this.log}`);
    return port;
  }

  /** Waits for text on stderr. */
  async logged(text: string): Promise<void> {
    await until(`forward tells ${text}`, () => this.log.includes(text));
  }

  get ended(): Promise<Ended> {
    return this.#running.ended;
  }

  /** @returns its exit code; null when the signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#running.child.kill(signal);
    return (await within('the end of forward', this.ended)).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
