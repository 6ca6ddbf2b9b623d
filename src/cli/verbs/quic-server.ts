/**
 * `quic-server`: the tunnel's server in the foreground, until it is interrupted.
 */
import { once } from 'node:events';
import { parseIngress, parseListen } from '../../agent/quic-server/ingress.ts';
import { startQuicServer } from '../../agent/quic-server/serve.ts';
import { optional, reporter, required } from '../foreground.ts';
import type { Invocation } from '../invocation.ts';

const VERB = 'quic-server';

export async function quicServer(call: Invocation): Promise<number> {
  const { signal } = call.surroundings;
  const options = {
    tcp: parseIngress(optional(call, VERB, '--listen-tcp') ?? '127.0.0.1:10443'),
    quic: parseListen(optional(call, VERB, '--listen-quic') ?? ':8888'),
    files: {
      ca: required(call, VERB, '--client-ca-file'),
      cert: required(call, VERB, '--cert-file'),
      key: required(call, VERB, '--cert-key'),
    },
  };
  const report = reporter(call);
  await using _server = await startQuicServer(options, report);
  if (!signal.aborted) await once(signal, 'abort');
  report('info', 'stopping');
  return 0;
}
