/**
 * The HTTP server under fastify: limits, the guard in front of the router, and connections that come from elsewhere.
 *
 * It listens on nothing itself. Unix listeners and the carrier hand it connections ({@link admit}), so that all of
 * them share one set of limits.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { refusal } from './guard.ts';
import type { ApiLimits } from './limits.ts';
import { answerMalformed, answerProblem } from './problems.ts';

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** @param allowed canonical hosts, see `host.ts`; read for every request, so it may grow */
export function createHttpServer(serve: Serve, allowed: () => ReadonlySet<string>, limits: ApiLimits): Server {
  const server = createServer(
    {
      insecureHTTPParser: false,
      requireHostHeader: false, // the guard answers that, with a problem
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      noDelay: true,
    },
    (request, response) => {
      const error = refusal(request, allowed());
      if (error === undefined) serve(request, response);
      else answerProblem(response, error);
    },
  );
  server.maxHeadersCount = limits.headerCount;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerMalformed(socket as Socket, error));
  // Without listeners Node would answer these itself, past the guard.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const error = refusal(request, allowed());
    if (error !== undefined) return answerProblem(response, error);
    response.writeContinue();
    serve(request, response);
  });
  server.on('connect', (_request, socket) => socket.destroy());
  server.on('upgrade', (_request, socket) => socket.destroy());
  // Node starts to enforce the timeouts above when a server listens, which this one never does.
  server.emit('listening');
  return server;
}
