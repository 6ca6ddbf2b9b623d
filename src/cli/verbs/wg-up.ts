/**
 * `wg-up`: invites a host to a tunnel; the token alone on stdout, so that it can be piped to where it is needed. With `--demo` it stays,
 * with a page to be fetched by the tunnel.
 */
import { WormholeError } from '../../lib/errors.ts';
import { parseDuration } from '../../spec/duration.ts';
import { parsePort, splitHostPort } from '../../spec/host.ts';
import { printable } from '../../spec/invalid.ts';
import { demoOf } from '../demo/options.ts';
import type { Invocation } from '../invocation.ts';
import { optional, reading, usage } from '../option.ts';
import { print, printJson } from '../print.ts';

const VERB = 'wg-up';

export async function wgUp(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const withdraw = optional(call, VERB, '--withdraw');
  if (withdraw !== undefined) return await withdrawn(call, withdraw);
  const endpoint = optional(call, VERB, '--endpoint');
  if (endpoint !== undefined) reading(VERB, '--endpoint', () => checkEndpoint(endpoint));
  const attach = optional(call, VERB, '--attach');
  const expires = optional(call, VERB, '--expires');
  const seconds =
    expires === undefined ? undefined : Math.ceil(reading(VERB, '--expires', () => parseDuration(expires)) / 1000);
  const request = {
    ...(endpoint !== undefined && { endpoint }),
    ...(seconds !== undefined && { seconds }),
    ...(attach !== undefined && { attach }),
  };
  const demo = demoOf(call, VERB);
  if (demo !== undefined) {
    if (attach !== undefined) throw usage(VERB, '--demo has a container of its own; leave --attach out');
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
  const others = ['endpoint', 'expires', 'attach', 'demo', 'demoImage', 'demoPort'];
  if (others.some((name) => call.flags[name] !== undefined))
    throw usage(VERB, '--withdraw takes no other option of wg-up');
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
