/** `wg-up --demo`: a container that serves a page, and the way to it for whoever comes with the token. */
import { WormholeError } from '../../lib/errors.ts';
import type { InvitationRequest, Tunnel } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import { parseToken } from '../../spec/invitation.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';
import { Demo, removeTunnelsOf } from './demo.ts';
import { type DemoOptions, withRemedy } from './options.ts';

/** Milliseconds that who has come may be without a tunnel: then it has come and gone between two looks. */
const GONE_MS = 30_000;

/** The page tells who asks for it. */
const page = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "hello from $(busybox hostname), you are $REMOTE_ADDR"
`;

/** Prints the token, then what comes of it; resolves when all of it is gone. */
export async function serveDemo(call: Invocation, options: DemoOptions, request: InvitationRequest): Promise<number> {
  const { stdout } = call.surroundings;
  const { port } = options;
  const index = '/www/cgi-bin/index.cgi';
  const serve = `exec busybox httpd -f -p 0.0.0.0:${port} -h /www`;
  const script = `busybox mkdir -p /www/cgi-bin && printf %s "$1" >${index} && busybox chmod 755 ${index} && ${serve}`;
  const command = ['busybox', 'sh', '-c', script, 'sh', page];
  await using demo = await Demo.begin(call, options, command, ['url', `:${port}`]).catch((error: unknown) => {
    throw withRemedy(error, options);
  });
  const invitation = await demo.ask((daemon) => daemon.invite({ ...request, attach: demo.name }));
  const { identity } = parseToken(invitation.token);
  demo.defer((daemon) => daemon.withdraw(identity));
  demo.defer((daemon) => removeTunnelsOf(daemon, demo.name));
  if (call.json) await printJson(stdout, invitation);
  else await print(stdout, `${printable(invitation.token)}\n`);
  await demo.say(`on the other host, until ${invitation.expiresAt}: wormhole wg-join --demo, with that token on stdin`);
  await demo.say(`it will dial ${invitation.endpoint}; a page waits for it in container ${demo.name}`);
  const tunnel = await arrival(demo, identity, Date.parse(invitation.expiresAt));
  if (tunnel === undefined) return 0;
  if (call.json) await printJson(stdout, tunnel);
  const { peer, local, remote } = tunnel;
  await demo.say(`${peer} has come, from ${remote}; there, in any program: http://${local}:${port}/`);
  await demo.over();
  return 0;
}

/**
 * The tunnel, as soon as it is there; undefined when it is interrupted meanwhile, or somebody has come and gone.
 *
 * @throws {WormholeError} WH_ERR_TIMEOUT
 */
async function arrival(demo: Demo, identity: string, until: number): Promise<Tunnel | undefined> {
  let lost = Number.POSITIVE_INFINITY;
  while (await demo.pause()) {
    const tunnel = await demo.tunnel();
    if (tunnel?.state === 'complete') return tunnel;
    if (tunnel !== undefined || (await isAwaited(demo, identity))) lost = Number.POSITIVE_INFINITY;
    else if (Date.now() > until) throw new WormholeError('WH_ERR_TIMEOUT', 'nobody came in time');
    else if (lost === Number.POSITIVE_INFINITY) lost = performance.now() + GONE_MS;
    else if (performance.now() > lost) {
      await demo.say('somebody has come, and is gone');
      return undefined;
    }
  }
  return undefined;
}

/** Nobody has come with the token yet, and somebody still may. */
async function isAwaited(demo: Demo, identity: string): Promise<boolean> {
  const { peers } = await demo.ask((daemon) => daemon.peers());
  return peers.some(({ name, state }) => state === 'invited' && name === identity);
}
