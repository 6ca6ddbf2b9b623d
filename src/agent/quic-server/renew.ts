/**
 * Certificates that are replaced while the server runs, as those who mount or renew them do: looked for once a minute, in
 * force for handshakes from then on. What cannot be used is told, and the old ones stay.
 */
import { statSync } from 'node:fs';
import type { QuicListener } from '../../carrier/quic/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Report } from '../report.ts';
import { type CredentialFiles, readCredentials } from '../tunnel.ts';

const EACH_MS = 60_000;

/** Looks until it is disposed. @param eachMs for tests */
export function renew(files: CredentialFiles, listener: QuicListener, report: Report, eachMs = EACH_MS): Disposable {
  let seen = stamp(files);
  const timer = setInterval(() => {
    const now = stamp(files);
    if (now === seen) return;
    seen = now;
    try {
      listener.replaceCredentials(readCredentials(files, report));
      report('info', 'the certificates were replaced', { file: files.cert });
    } catch (error) {
      if (!WormholeError.is(error)) throw error;
      report('error', 'the new certificates cannot be used', { reason: error.message });
    }
  }, eachMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Changes when one of the files does; also when one is gone for a moment. */
function stamp({ ca, cert, key }: CredentialFiles): string {
  return [ca, cert, key].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0).join(' ');
}
