/**
 * A gate before a real engine's socket: passes everything on, but holds or refuses the requests that a test names.
 *
 *     wormholed ──unix──► gate ──unix──► dockerd
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a request ends that the engine closed without an answer. */
const UNREAD = new Set(['EPIPE', 'ECONNRESET', 'EAGAIN', 'ECONNREFUSED']);
/** Times that a request is put to the engine which it did not read. */
const ATTEMPTS = 3;

/** e.g. `POST /containers/create`; versions and queries are left out of what is compared. */
type Route = RegExp;

export interface Held {
  /** Resolves when such a request has come. */
  readonly reached: Promise<void>;
  /** Lets it pass, and all that come later. */
  release(): void;
}

export class EngineGate implements AsyncDisposable {
  /** What has come, e.g. `POST /containers/create`. */
  readonly asked: string[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'wormhole-gate-'));
  readonly #server: Server;
  readonly #engine: string;
  readonly #rules = new Set<(line: string, response: ServerResponse) => Promise<boolean> | undefined>();
  readonly #answerRules = new Set<(line: string) => Promise<unknown> | undefined>();

  private constructor(engine: string) {
    this.#engine = engine;
    this.#server = createServer((asked, answer) => void this.#serve(asked, answer));
  }

  /** @param engine path of the engine's socket */
  static async start(engine: string): Promise<EngineGate> {
    const gate = new EngineGate(engine);
    await new Promise<void>((resolve) => gate.#server.listen(join(gate.#directory, 'docker.sock'), resolve));
    return gate;
  }

  /** For DOCKER_HOST. */
  get address(): string {
    return `unix://${join(this.#directory, 'docker.sock')}`;
  }

  /** Keeps requests from the engine until they are released. */
  hold(route: Route): Held {
    const [rule, held] = holding(route, () => this.#rules.delete(rule));
    this.#rules.add(rule);
    return held;
  }

  /** Lets requests pass, and keeps back what the engine says to them until that is released. */
  holdAnswer(route: Route): Held {
    const [rule, held] = holding(route, () => this.#answerRules.delete(rule));
    this.#answerRules.add(rule);
    return held;
  }

  /** Answers in the engine's place, until disposed. */
  refuse(route: Route, status: number, message: string): Disposable {
    const rule = (line: string, response: ServerResponse): Promise<boolean> | undefined => {
      if (!route.test(line)) return undefined;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
      return Promise.resolve(true);
    };
    this.#rules.add(rule);
    return { [Symbol.dispose]: () => void this.#rules.delete(rule) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#directory, { recursive: true });
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '' } = asked;
    const line = `${method} ${(url.split('?')[0] ?? '').replace(/^\/v[\d.]+/, '')}`;
    this.asked.push(line);
    for (const rule of this.#rules) {
      if ((await rule(line, answer)) === true) {
        asked.resume();
        return;
      }
    }
    const body = await whole(asked);
    if (body !== undefined) this.#pass(asked, body, answer, line, ATTEMPTS);
  }

  /** @param attempts as an engine of a busy machine may close a connection before it has read a request */
  #pass(asked: IncomingMessage, body: Buffer, answer: ServerResponse, line: string, attempts: number): void {
    const { method, url, headers } = asked;
    const passed = request({ socketPath: this.#engine, method, path: url, headers, agent: false });
    passed.on('response', (said: IncomingMessage) => void this.#answer(line, said, answer));
    passed.on('error', ({ code }: NodeJS.ErrnoException) => {
      const unread = UNREAD.has(code ?? '') && !answer.headersSent && !answer.destroyed;
      if (unread && attempts > 1) this.#pass(asked, body, answer, line, attempts - 1);
      else answer.destroy();
    });
    answer.on('close', () => passed.destroy());
    passed.end(body);
  }

  async #answer(line: string, said: IncomingMessage, answer: ServerResponse): Promise<void> {
    for (const rule of this.#answerRules) await rule(line);
    answer.writeHead(said.statusCode ?? 502, said.headers);
    answer.flushHeaders();
    said.on('error', () => answer.destroy()).pipe(answer);
  }
}

function holding(route: Route, onRelease: () => void): [(line: string) => Promise<boolean> | undefined, Held] {
  let reach = (): void => undefined;
  let pass = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const released = new Promise<void>((resolve) => (pass = resolve));
  const rule = (line: string): Promise<boolean> | undefined => {
    if (!route.test(line)) return undefined;
    reach();
    return released.then(() => false);
  };
  const release = (): void => {
    onRelease();
    pass();
  };
  return [rule, { reached, release }];
}

/** @returns undefined when whoever asked was gone before all of it had come: a daemon that was killed */
async function whole(asked: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  try {
    for await (const part of asked) parts.push(part as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(parts);
}
