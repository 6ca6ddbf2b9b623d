/** The life of a stream tied to a signal. */
import type { Duplex } from 'node:stream';

/**
 * From now on the abort of `signal` destroys `stream`, with its reason.
 *
 * Also hears its errors: a stream may report one when nobody waits for it any more (TLS over TCP: each its own), and
 * an 'error' without a listener would end the process.
 */
export function destroyOnAbort(stream: Duplex, signal: AbortSignal): void {
  stream.on('error', () => {});
  const abort = (): void => void stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
}
