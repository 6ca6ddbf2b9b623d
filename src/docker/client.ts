/**
 * Calls to the engine's API: dockerode, loaded at the first call, with a deadline and our errors.
 *
 * The address is looked at anew for every call, because the socket of an engine may appear long after us; the
 * client is made again only when it changed. Connections are not kept between calls.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Agent as HttpAgent } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Logger } from 'pino';
import { Deadline, within } from '../lib/deadline.ts';
import {
  type EngineAddress,
  type EngineEnvironment,
  engineAddress,
  formatEngineAddress,
  isExposed,
} from './address.ts';
import { clearAgent, tlsAgent } from './agent.ts';
import { aborted, unavailable } from './failure.ts';

export type Ask<T> = (docker: Docker, signal: AbortSignal) => Promise<T>;

export interface ClientOptions {
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** Default: this process's. */
  readonly env?: EngineEnvironment;
  /** Milliseconds for one call, and for the answer's head of a stream. */
  readonly timeoutMs?: number;
}

export class EngineClient {
  readonly #log: ClientOptions['log'];
  readonly #env: EngineEnvironment;
  readonly #timeoutMs: number;
  #docker: Docker | undefined;
  #address = '';

  constructor(options: ClientOptions) {
    this.#log = options.log;
    this.#env = options.env ?? process.env;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** Address as DOCKER_HOST would spell it. @throws {WormholeError} WH_ERR_DOCKER_UNAVAILABLE */
  get address(): string {
    return formatEngineAddress(engineAddress(this.#env, existsSync));
  }

  /**
   * One question and its whole answer.
   *
   * @throws whatever `ask` rejects with; {@link unavailable} translates it
   * @throws {WormholeError} WH_ERR_ABORTED
   */
  async call<T>(signal: AbortSignal, ask: Ask<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    const docker = await this.#load();
    using deadline = new Deadline(timeoutMs, signal);
    return await answer(deadline.signal, () => ask(docker, deadline.signal));
  }

  /** An answer without an end; the time limit covers its beginning only, `signal` ends it. */
  async stream(
    signal: AbortSignal,
    ask: Ask<NodeJS.ReadableStream>,
    headMs = this.#timeoutMs,
  ): Promise<NodeJS.ReadableStream> {
    const docker = await this.#load();
    const deadline = new Deadline(headMs, signal);
    try {
      const stream = await answer(deadline.signal, () => ask(docker, deadline.signal));
      deadline.disarm();
      stream.once('close', () => deadline[Symbol.dispose]());
      // Whoever reads learns of it; between two readers, or after the last, nobody is to die of it.
      stream.on('error', () => undefined);
      return stream;
    } catch (error) {
      deadline[Symbol.dispose]();
      throw error;
    }
  }

  async #load(): Promise<Docker> {
    const address = engineAddress(this.#env, existsSync);
    const text = formatEngineAddress(address);
    if (this.#docker !== undefined && this.#address === text) return this.#docker;
    if (isExposed(address)) {
      this.#log.warn({ address: text }, 'the container engine is asked over a network without TLS');
    }
    const { default: Dockerode } = await import('dockerode');
    try {
      this.#docker = new Dockerode(clientOptions(address, this.#env));
    } catch (error) {
      throw unavailable(error, text);
    }
    this.#address = text;
    return this.#docker;
  }
}

/** What `ask` comes to, or the end of its time, even if the library forgets to reject. */
async function answer<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortion(signal.reason);
  try {
    return await within(signal, ask());
  } catch (error) {
    throw signal.aborted ? abortion(signal.reason) : error;
  }
}

function abortion(reason: unknown): Error {
  return reason instanceof DOMException && reason.name === 'TimeoutError' ? reason : aborted(reason);
}

/** Every field is given, `undefined` included: the library fills absent ones from the environment on its own. */
function clientOptions(address: EngineAddress, env: EngineEnvironment): Docker.DockerOptions & { agent: HttpAgent } {
  const unset = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined };
  const options = { ...unset, protocol: 'http' as const };
  if (address.kind === 'unix') return { ...options, socketPath: address.path, agent: clearAgent() };
  const { host, port } = address;
  if (!address.tls) return { ...options, host, port, agent: clearAgent() };
  const directory = env['DOCKER_CERT_PATH'] ?? join(homedir(), '.docker');
  const read = (name: string): Buffer | undefined => {
    const path = join(directory, name);
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  const certificates = { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  return { ...certificates, protocol: 'https', host, port, agent: tlsAgent() };
}
