/**
 * The control API: fastify over the emitted schemas, operations behind it.
 *
 * Owns the road of a request: guard (`guard.ts`) → route → body and query against their schema → operation →
 * answer, or a problem. Leaves listening to `listeners/`, and meaning to the operations.
 */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { WormholeError } from '../../lib/errors.ts';
import { toProblem } from '../../lib/problem.ts';
import type { Logger } from '../log.ts';
import type { JsonSchema, Schemas } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';
import { type Endpoint, type EndpointName, endpoints, OPENAPI_PATH } from './endpoints.ts';
import { createHttpServer } from './http-server.ts';
import { type ApiLimits, apiLimits } from './limits.ts';
import { openapiDocument } from './openapi.ts';
import type { Operations, Origin } from './operations.ts';
import { invalidRequest, PROBLEM_TYPE, translateFastify } from './problems.ts';
import { RequestLines } from './request-lines.ts';
import { operates } from './routes.ts';

export interface ApiOptions {
  readonly operations: Operations;
  readonly schemas: Schemas;
  readonly version: string;
  /** Canonical host names that requests may be addressed to; read for every request. */
  readonly allowedHosts: () => ReadonlySet<string>;
  /** May they use this endpoint? @throws {WormholeError} WH_ERR_POLICY */
  readonly authorize: (endpoint: EndpointName, origin: Origin) => void;
  readonly log: Logger;
  readonly limits?: ApiLimits;
}

/** Who is behind a connection. */
type Origins = WeakMap<Duplex, Origin>;

/** Of requests that came through no connection: injected by tests. */
const UNKNOWN: Origin = { kind: 'local', pid: 0, uid: -1, gid: -1 };

/** The API without a listener. */
export interface Api extends AsyncDisposable {
  readonly fastify: FastifyInstance;
  /** Takes ownership of a plaintext connection and serves it; beyond the cap it is closed at once. */
  admit(connection: Duplex, origin: Origin): void;
}

export async function createApi(options: ApiOptions): Promise<Api> {
  const { schemas, log, limits = apiLimits } = options;
  const servers: Server[] = [];
  const origins: Origins = new WeakMap();
  const app = fastify({
    // Not its own log: what is worth a line is written here and in the operations.
    logger: false,
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 128 },
    forceCloseConnections: true,
    // Ours are set below; without these fastify would load its own first, a tenth of a daemon's start.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: (error, request, reply) => fail(error, request, reply as FastifyReply, log),
    serverFactory: (serve) => {
      const http = createHttpServer(serve, options.allowedHosts, limits);
      servers.push(http);
      return http;
    },
  });
  app.setValidatorCompiler(({ schema, httpPart }) => (value: unknown) => {
    const violation = validate(schema as JsonSchema, value);
    return violation === undefined ? { value } : { error: invalidRequest(httpPart ?? 'the request', violation) };
  });
  app.setSerializerCompiler(() => (value: unknown) => JSON.stringify(value));
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error, request, reply) => fail(error, request, reply, log));
  app.setNotFoundHandler(({ method, url }) => {
    const [path = ''] = url.split('?');
    throw new WormholeError('WH_ERR_ROUTE_NOT_FOUND', `there is no ${method} ${path}; see GET ${OPENAPI_PATH}`);
  });
  const lines = new RequestLines(log);
  for (const [name, endpoint] of Object.entries(endpoints)) {
    addRoute(app, name as EndpointName, endpoint, origins, { ...options, lines });
  }
  app.get(OPENAPI_PATH, () => openapiDocument(schemas, options.version));
  await app.ready();
  const [http] = servers;
  if (http === undefined) throw new Error('fastify made no server');
  return { fastify: app, admit: door(http, origins, limits), [Symbol.asyncDispose]: () => app.close() };
}

function noCompiler(): never {
  throw new Error('a compiler of schemas was asked for before it was set');
}

function addRoute(
  app: FastifyInstance,
  name: EndpointName,
  endpoint: Endpoint,
  origins: Origins,
  { schemas: { api }, operations, authorize, lines }: ApiOptions & { readonly lines: RequestLines },
): void {
  const schema = {
    ...(endpoint.body !== undefined && { body: api[endpoint.body] }),
    ...(endpoint.query !== undefined && { querystring: api[endpoint.query] }),
  };
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    schema,
    handler: (request, reply) => {
      const origin = origins.get(request.raw.socket) ?? UNKNOWN;
      if (endpoint.method !== 'GET') lines.note(endpoint.method, request.url, origin);
      authorize(name, origin);
      reply.code(endpoint.status);
      if (endpoint.answerType !== undefined) stream(reply, endpoint.answerType);
      return operates[name](operations, request, { origin, signal: clientGone(reply) });
    },
  });
}

/** The head goes out at once: a followed log may have nothing to say for long. */
function stream(reply: FastifyReply, type: string): void {
  reply.type(type);
  setImmediate(() => {
    if (reply.raw.headersSent && !reply.raw.writableEnded) reply.raw.flushHeaders();
  });
}

/** Aborts when the connection ends before the answer does. */
function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new WormholeError('WH_ERR_ABORTED', 'the client went away'));
  });
  return controller.signal;
}

function fail(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const error = translateFastify(thrown);
  const problem = toProblem(error);
  if (problem.code === 'WH_ERR_INTERNAL') {
    log.error({ err: thrown, method: request.method, route: request.routeOptions.url }, 'request failed');
  }
  void reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(problem)));
}

function door(http: Server, origins: Origins, limits: ApiLimits): Api['admit'] {
  let open = 0;
  return (connection, origin) => {
    connection.on('error', () => connection.destroy());
    if (open >= limits.connections) {
      connection.destroy();
      return;
    }
    open += 1;
    connection.once('close', () => (open -= 1));
    origins.set(connection, origin);
    http.emit('connection', connection);
  };
}
