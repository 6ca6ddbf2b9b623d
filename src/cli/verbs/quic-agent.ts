/**
 * `quic-agent`: the tunnel's agent in the foreground, until it is interrupted.
 */
import { AllowList } from '../../agent/quic-agent/allow.ts';
import { connectService } from '../../agent/quic-agent/connect.ts';
import { passThrough, type Upstream } from '../../agent/quic-agent/pass-through.ts';
import { runQuicAgent } from '../../agent/quic-agent/run.ts';
import { SERVER_NAME } from '../../agent/tunnel.ts';
import { parsePort, splitHostPort } from '../../spec/host.ts';
import { reporter } from '../foreground.ts';
import type { Invocation } from '../invocation.ts';
import { optional, reading, required, usage } from '../option.ts';

const VERB = 'quic-agent';
/** That of a server which was told no other. */
const SERVER_PORT = 8888;

export async function quicAgent(call: Invocation): Promise<number> {
  const fixed = optional(call, VERB, '--upstream');
  const upstream = fixed === undefined ? undefined : endpoint(fixed, '--upstream');
  const auth = optional(call, VERB, '--auth');
  if (upstream !== undefined && auth !== undefined) throw usage(VERB, '--auth is for HTTP CONNECT, not for --upstream');
  const allow = reading(VERB, '--allow', () => AllowList.parse(optional(call, VERB, '--allow')));
  const options = {
    server: endpoint(optional(call, VERB, '--server') ?? 'localhost', '--server', SERVER_PORT),
    serverName: optional(call, VERB, '--server-name') ?? SERVER_NAME,
    files: {
      ca: required(call, VERB, '--ca-file'),
      cert: required(call, VERB, '--cert-file'),
      key: required(call, VERB, '--cert-key'),
    },
    service: upstream === undefined ? connectService(allow, auth) : passThrough(upstream, allow),
    once: call.flags['once'] === true,
  };
  const report = reporter(call, VERB);
  await runQuicAgent(options, report, call.surroundings.signal);
  report('info', 'stopping');
  return 0;
}

/** `HOST:PORT`. @param usual the port when none is given; absent = one has to be */
function endpoint(text: string, flags: string, usual?: number): Upstream {
  return reading(VERB, flags, () => {
    const { host, port } = splitHostPort(text);
    const number = port === undefined || port === '' ? usual : parsePort(port);
    if (host === '' || number === undefined) {
      throw usage(VERB, `${flags} takes ${usual === undefined ? 'HOST:PORT' : 'HOST or HOST:PORT'}`);
    }
    if (number === 0) throw usage(VERB, `${flags} takes a port from 1 to 65535`);
    return { host, port: number };
  });
}
