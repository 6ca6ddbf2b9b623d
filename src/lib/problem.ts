/**
 * Errors on the wire: the RFC 9457 `application/problem+json` body of a failure, and the way back.
 *
 * The daemon renders, the client restores; both use the table in `errors.ts`, so a code keeps its meaning
 * across the API. The text of an unknown error never leaves the process.
 */
import { type ErrorCode, type ErrorDetail, errorTable, WormholeError } from './errors.ts';

/** Body of every non-2xx answer of the control API. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly facts?: ErrorDetail;
}

/** Renders any thrown value as a problem; unknown values become WH_ERR_INTERNAL without their text. */
export function toProblem(value: unknown): Problem {
  const error = WormholeError.is(value)
    ? value
    : new WormholeError('WH_ERR_INTERNAL', 'the daemon log has the reason', { cause: value });
  const { status, title } = errorTable[error.code];
  return {
    type: `urn:wormhole:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(Object.keys(error.detail).length > 0 && { facts: error.detail }),
  };
}

/** Restores the error that {@link toProblem} rendered; anything else becomes WH_ERR_PROTOCOL. */
export function fromProblem(body: unknown): WormholeError {
  if (typeof body === 'object' && body !== null && 'code' in body && 'detail' in body) {
    const { code, detail } = body;
    if (typeof code === 'string' && code in errorTable && typeof detail === 'string') {
      const facts = 'facts' in body ? (body.facts as ErrorDetail) : {};
      return new WormholeError(code as ErrorCode, detail, { detail: facts });
    }
  }
  return new WormholeError('WH_ERR_PROTOCOL', 'the answer is not one of wormholed');
}
