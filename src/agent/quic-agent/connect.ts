/**
 * A stream that says itself where it leads: HTTP CONNECT, as curl and the API server of Kubernetes speak it.
 */
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { WormholeError } from '../../lib/errors.ts';
import { CredentialsFile } from '../../proxy/connect/credentials-file.ts';
import { type Negotiation, negotiate } from '../../proxy/connect/negotiate.ts';
import { ClientLeft, type Refusal, Refused } from '../../proxy/connect/refusal.ts';
import type { Report } from '../report.ts';
import type { AllowList } from './allow.ts';
import { dialTarget } from './dial.ts';
import { relay, type Service } from './pass-through.ts';

const limits = { deadlineMs: 10_000, maxHeadBytes: 16 << 10 };
const DIAL_MS = 10_000;

/**
 * @param authFile who may use it, `USER:PASSWORD` a line, read again when it changes; absent = everybody who gets here
 * @throws {WormholeError} WH_ERR_FILE
 */
export function connectService(allow: AllowList, authFile?: string): Service {
  const file = authFile === undefined ? undefined : new CredentialsFile(resolve(authFile));
  file?.read();
  const credentials = file && { credentials: file.check.bind(file) };
  return async (stream, report, signal) => {
    try {
      const negotiation = await negotiate(stream, { kind: 'http', ...limits, ...credentials, signal });
      await lead(stream, negotiation, allow, report, signal);
    } catch (error) {
      if (error instanceof Refused) report('warn', 'a request was refused', { reason: error.message });
      else if (!(error instanceof ClientLeft) && !signal.aborted) throw error;
      else stream.destroy();
    }
  };
}

async function lead(
  stream: Duplex,
  { destination, accept, refuse }: Negotiation,
  allow: AllowList,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { host, port } = destination;
  const target = { target: `${host}:${port}` };
  const leaving = new AbortController();
  const left = (): void => leaving.abort(new DOMException('the client left', 'AbortError'));
  stream.once('close', left);
  let socket: Duplex;
  try {
    const both = AbortSignal.any([signal, leaving.signal]);
    socket = await dialTarget({ host, port, allow, timeoutMs: DIAL_MS, signal: both });
  } catch (error) {
    if (leaving.signal.aborted || signal.aborted) {
      stream.destroy();
      return;
    }
    report('warn', 'the target cannot be reached', { ...target, reason: (error as Error).message });
    await refuse(refusalOf(error));
    return;
  } finally {
    stream.off('close', left);
  }
  accept();
  report('debug', 'a stream is served', { ...target, ...(await relay(stream, socket, signal)) });
}

/** What the client is told; our own words, with addresses in them, stay in our log. */
function refusalOf(error: unknown): Refusal {
  if (!WormholeError.is(error)) return 'failed';
  if (error.code === 'WH_ERR_POLICY') return 'denied';
  if (error.code === 'WH_ERR_NAME_NOT_RESOLVED') return 'unresolved';
  if (error.code === 'WH_ERR_TIMEOUT') return 'timeout';
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? 'refused' : code === 'ETIMEDOUT' ? 'timeout' : 'failed';
}
