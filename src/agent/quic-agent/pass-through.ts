/**
 * A stream that leads to one fixed target, whatever is in it.
 */
import type { Duplex } from 'node:stream';
import { join } from '../../proxy/portable/join.ts';
import type { Report } from '../report.ts';
import { HALF_OPEN_LINGER_MS } from '../tunnel.ts';
import type { AllowList } from './allow.ts';
import { dialTarget } from './dial.ts';

/** Serves one stream to its end; never rejects. */
export type Service = (stream: Duplex, report: Report, signal: AbortSignal) => Promise<void>;

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

const DIAL_MS = 10_000;

export function passThrough(upstream: Upstream, allow: AllowList): Service {
  return async (stream, report, signal) => {
    const leaving = new AbortController();
    const left = (): void => leaving.abort(new DOMException('the client left', 'AbortError'));
    stream.once('close', left);
    try {
      const both = AbortSignal.any([signal, leaving.signal]);
      const target = await dialTarget({ ...upstream, allow, timeoutMs: DIAL_MS, signal: both });
      stream.off('close', left);
      const ended = await relay(stream, target, signal);
      report('debug', 'a stream is served', { upstream: `${upstream.host}:${upstream.port}`, ...ended });
    } catch (error) {
      if (!leaving.signal.aborted) report('warn', 'the target cannot be reached', { reason: (error as Error).message });
      stream.destroy();
    }
  };
}

/** Joins a stream and its target. @returns facts about it */
export async function relay(
  stream: Duplex,
  target: Duplex,
  signal: AbortSignal,
): Promise<{ reason: string; bytesIn: number; bytesOut: number }> {
  const bytes = { in: 0, out: 0 };
  const { reason } = await join(stream, target, {
    connIdleMs: 0,
    halfOpenLingerMs: HALF_OPEN_LINGER_MS,
    count: (direction, count) => (bytes[direction] += count),
    signal,
  });
  return { reason, bytesIn: bytes.in, bytesOut: bytes.out };
}
