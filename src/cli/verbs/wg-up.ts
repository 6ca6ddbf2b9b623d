/**
 * `wg-up`: invites a host to a tunnel; the token alone on stdout, so that it can be piped to where it is needed. With `--demo` it stays,
 * with a page to be fetched by the tunnel.
 */
import { WormholeError } from '../../lib/errors.ts';
import { parseDuration } from '../../spec/duration.ts';
import { parsePort, splitHostPort } from '../../spec/host.ts';
import { printable } from '../../spec/invalid.ts';
import { demoOf } from '../demo/options.ts';
import { reading } from '../foreground.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

export async function wgUp(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const { endpoint, expires, attach, withdraw } = call.flags;
  if (typeof withdraw === 'string') return await withdrawn(call, withdraw);
  if (endpoint === '') throw usage('--endpoint names no host');
  if (typeof endpoint === 'string') reading('wg-up', '--endpoint', () => checkEndpoint(endpoint));
  if (attach === '') throw usage('--attach names no container');
  const seconds = typeof expires === 'string' ? Math.ceil(duration(expires) / 1000) : undefined;
  const request = {
    ...(typeof endpoint === 'string' && { endpoint }),
    ...(seconds !== undefined && { seconds }),
    ...(typeof attach === 'string' && { attach }),
  };
  const demo = demoOf(call, 'wg-up');
  if (demo !== undefined) {
    if (attach !== undefined) throw usage('--demo has a container of its own; leave --attach out');
    return await (await import('../demo/serve.ts')).serveDemo(call, demo, request);
  }
  await using daemon = await call.open();
  const invitation = await daemon.invite(request);
  if (call.json) {
    await printJson(stdout, invitation);
    return 0;
  }
  await print(stdout, `${printable(invitation.token)}\n`);
  await print(
    stderr,
    `for one host, once, until ${printable(invitation.expiresAt)}; there: wormhole wg-join, with the token on stdin\n` +
      `it will dial ${printable(invitation.endpoint)}; to take it back: wormhole wg-up --withdraw ${printable(invitation.id)}\n`,
  );
  return 0;
}

/** @throws {WormholeError} WH_ERR_USAGE; WH_ERR_PEER_NOT_FOUND when there is none */
async function withdrawn(call: Invocation, id: string): Promise<number> {
  if (id === '') throw usage('--withdraw names no invitation');
  const others = ['endpoint', 'expires', 'attach', 'demo', 'demoImage', 'demoPort'];
  if (others.some((name) => call.flags[name] !== undefined)) throw usage('--withdraw takes no other option of wg-up');
  await using daemon = await call.open();
  const answer = await daemon.withdraw(id);
  if (!answer.withdrawn) {
    throw new WormholeError('WH_ERR_PEER_NOT_FOUND', `there is no invitation ${id}; wormhole peers lists them`);
  }
  if (call.json) await printJson(call.surroundings.stdout, answer);
  return 0;
}

/** HOST or HOST:PORT. @throws {WormholeError} WH_ERR_SPEC_INVALID */
function checkEndpoint(text: string): void {
  const { port } = splitHostPort(text);
  if (port !== undefined && port !== '') parsePort(port);
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw usage(WormholeError.is(cause) ? `--expires: ${cause.message}` : '--expires is no duration');
  }
}

function usage(message: string): WormholeError {
  return new WormholeError('WH_ERR_USAGE', message, { detail: { verb: 'wg-up' } });
}
