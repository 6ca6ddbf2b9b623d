/** Failures of requests as answers: problem documents, by whatever way they came about. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WormholeError } from '../../lib/errors.ts';
import { toProblem } from '../../lib/problem.ts';
import type { Violation } from '../schema/validate.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** A body or query that does not have the shape of the API. */
export function invalidRequest(part: string, { path, problem, known }: Violation): WormholeError {
  const subject = path === '' ? part : `${part}: ${path}`;
  const hint = known === undefined ? '' : ` (known: ${known.join(', ')})`;
  return new WormholeError('WH_ERR_REQUEST_INVALID', `${subject} ${problem}${hint}`, { detail: { path } });
}

/** Errors that fastify itself raises become ours; everything else passes. */
export function translateFastify(error: unknown): unknown {
  const { code, message, statusCode } = error as { code?: unknown; message?: string; statusCode?: unknown };
  if (code === 'ECONNRESET' && statusCode === 400) {
    return new WormholeError('WH_ERR_ABORTED', 'the client went away in the middle of its request', { cause: error });
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new WormholeError('WH_ERR_REQUEST_INVALID', 'the body is larger than the API takes', { cause: error });
  }
  if (typeof code === 'string' && /^FST_ERR_(?:CTP|VALIDATION|BAD_URL|ASYNC_CONSTRAINT)/.test(code)) {
    return new WormholeError('WH_ERR_REQUEST_INVALID', message ?? code, { cause: error });
  }
  if (error instanceof SyntaxError) {
    return new WormholeError('WH_ERR_REQUEST_INVALID', 'the body is not JSON', { cause: error });
  }
  return error;
}

/** Answers outside of fastify and ends the connection: what follows on it may be the refused request's body. */
export function answerProblem(response: ServerResponse, error: WormholeError): void {
  const body = JSON.stringify(toProblem(error));
  response.writeHead(error.status, {
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

/** Answers bytes that are no HTTP request, or one that took too long, and ends the connection. */
export function answerMalformed(socket: Socket, cause: NodeJS.ErrnoException): void {
  if (!socket.writable || cause.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const late = cause.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const error = late
    ? new WormholeError('WH_ERR_REQUEST_INVALID', 'the request took too long to arrive')
    : new WormholeError('WH_ERR_REQUEST_INVALID', 'this is not an HTTP/1.1 request');
  const body = JSON.stringify(toProblem(error));
  socket.end(
    `HTTP/1.1 ${error.status} Bad Request\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    // A sender that never reads keeps the socket half-open otherwise.
    () => socket.destroy(),
  );
}
