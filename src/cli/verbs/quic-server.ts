/**
 * `quic-server`: the tunnel's server in the foreground, until it is interrupted.
 */
import { once } from 'node:events';
import { parseIngress, parseListen } from '../../agent/quic-server/ingress.ts';
import { startQuicServer } from '../../agent/quic-server/serve.ts';
import { reporter } from '../foreground.ts';
import type { Invocation } from '../invocation.ts';
import { optional, reading, required } from '../option.ts';

const VERB = 'quic-server';

export async function quicServer(call: Invocation): Promise<number> {
  const { signal } = call.surroundings;
  const options = {
    tcp: where(call, '--listen-tcp', '127.0.0.1:10443', parseIngress),
    quic: where(call, '--listen-quic', ':8888', parseListen),
    files: {
      ca: required(call, VERB, '--client-ca-file'),
      cert: required(call, VERB, '--cert-file'),
      key: required(call, VERB, '--cert-key'),
    },
  };
  const report = reporter(call, VERB);
  await using _server = await startQuicServer(options, report);
  if (!signal.aborted) await once(signal, 'abort');
  report('info', 'stopping');
  return 0;
}

function where<T>(call: Invocation, flags: string, fallback: string, read: (text: string) => T): T {
  return reading(VERB, flags, () => read(optional(call, VERB, flags) ?? fallback));
}
