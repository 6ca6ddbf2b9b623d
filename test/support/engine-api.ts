/** An engine's API on a unix socket, with the answers that a test puts into it, misbehaviour included. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerEngine, type DockerEngineOptions } from '../../src/docker/dockerode.ts';

type Answer = (response: ServerResponse, request: IncomingMessage, body: string) => void;

export class EngineApi implements AsyncDisposable {
  readonly engine: DockerEngine;
  /** `POST /containers/create?name=web` of each request, in order. */
  readonly asked: string[] = [];
  /** Requests that the other side gave up, or that ended. */
  closed = 0;
  readonly #server: Server;
  readonly #directory: string;
  readonly #answers = new Map<string, Answer>();

  private constructor(options: Partial<DockerEngineOptions>) {
    this.#directory = mkdtempSync(join(tmpdir(), 'wormhole-engine-'));
    const log = { warn: () => undefined, debug: () => undefined };
    const env = { DOCKER_HOST: `unix://${this.socketPath}`, DOCKER_CONFIG: this.#directory };
    this.engine = new DockerEngine({ log, env, ...options });
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(options: Partial<DockerEngineOptions> = {}): Promise<EngineApi> {
    const api = new EngineApi(options);
    await new Promise<void>((resolve) => api.#server.listen(api.socketPath, resolve));
    return api;
  }

  get socketPath(): string {
    return join(this.#directory, 'docker.sock');
  }

  /** Where the configuration of Docker's client is looked for. */
  get configPath(): string {
    return join(this.#directory, 'config.json');
  }

  /** Answers `GET /path` (without its query) by hand. */
  on(route: string, answer: Answer): this {
    this.#answers.set(route, answer);
    return this;
  }

  /** Answers `GET /path` with a status, and a body or an engine's message. */
  say(route: string, status: number, body: object | string = ''): this {
    const document = typeof body === 'string' ? { message: body } : body;
    return this.on(route, (response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 204 || status === 304 ? undefined : JSON.stringify(document));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.engine[Symbol.asyncDispose]();
      // Nobody is let in any more when those who are in are thrown out.
      const closed = new Promise((resolve) => this.#server.close(resolve));
      this.#server.closeAllConnections();
      await closed;
    } finally {
      rmSync(this.#directory, { recursive: true });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('close', () => void (this.closed += 1));
    this.asked.push(`${request.method} ${request.url}`);
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const answer = this.#answers.get(`${request.method} ${(request.url ?? '').split('?')[0]}`);
    if (answer === undefined) response.writeHead(404).end('{"message":"No such container: none"}');
    else answer(response, request, Buffer.concat(body).toString());
  }
}
