/** `wg-join --demo`: a container at the other end of the tunnel, and the page that is fetched out of it. */
import { get } from 'node:http';
import { WormholeError } from '../../lib/errors.ts';
import type { InvitationJoin } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import { parseToken } from '../../spec/invitation.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';
import { Demo, removeTunnelsOf } from './demo.ts';
import { type DemoOptions, withRemedy } from './options.ts';

/** Bytes and lines of a page that are read and shown. */
const MOST_BYTES = 16_384;
const MOST_LINES = 24;
/** Milliseconds for a page. */
const FETCH_MS = 30_000;

/** Prints `LOCAL REMOTE` and the page; resolves when all of it is gone. */
export async function visitDemo(call: Invocation, options: DemoOptions, request: InvitationJoin): Promise<number> {
  const { stdout, signal } = call.surroundings;
  const { port } = options;
  const { identity, name } = parseToken(request.token);
  const command = ['busybox', 'tail', '-f', '/dev/null'];
  const words = ['url', `:${port}`, 'ready', 'none'];
  await using demo = await Demo.begin(call, options, command, words).catch((error: unknown) => {
    throw withRemedy(error, options);
  });
  const { peers } = await demo.ask((daemon) => daemon.peers());
  // Who was known before stays so.
  if (!peers.some((peer) => peer.name === name)) demo.defer((daemon) => daemon.withdraw(identity));
  demo.defer((daemon) => removeTunnelsOf(daemon, demo.name));
  const wish = { ...request, attach: demo.name };
  const tunnel = await demo.ask((daemon) => daemon.joinInvitation(wish, { timeoutMs: 0, signal }));
  if (!call.json) await print(stdout, `${printable(tunnel.local)} ${printable(tunnel.remote)}\n`);
  await demo.say(`fetching http://${tunnel.remote}:${port}/ out of container ${demo.name}`);
  const text = await fetched(demo, tunnel.remote, port, signal);
  if (call.json) await printJson(stdout, { tunnel, page: text });
  else
    await print(
      stdout,
      text
        .split('\n')
        .slice(0, MOST_LINES)
        .map((line) => `${printable(line)}\n`)
        .join(''),
    );
  await demo.say(`once more: docker exec ${demo.name} busybox wget -qO- http://${tunnel.remote}:${port}/`);
  await demo.over();
  return 0;
}

/** By a connection that begins in the container, through a port of this host that is there as long. */
async function fetched(demo: Demo, host: string, port: number, signal: AbortSignal): Promise<string> {
  const id = `${demo.name}-fetch`;
  const target = ['tail', `docker-ns=${demo.name}`, 'url', `tcp://${host}:${port}`, 'connect-timeout', '20s'];
  demo.defer((daemon) => daemon.delete(id, { now: true }).catch(unlessMissing));
  const { url } = await demo.ask((daemon) => daemon.create(['id', id, 'url', ':0', ...target]));
  const text = await page(Number(new URL(url).port), AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]));
  await demo.ask((daemon) => daemon.delete(id, { now: true }));
  return text;
}

/** @throws {WormholeError} WH_ERR_DIAL */
async function page(port: number, signal: AbortSignal): Promise<string> {
  try {
    return await new Promise<string>((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path: '/', agent: false, signal }, (response) => {
        let text = '';
        const done = (): void => resolve(text.trimEnd());
        response.setEncoding('utf8').on('end', done).on('error', reject);
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length < MOST_BYTES) return;
          done();
          request.destroy();
        });
      });
      request.on('error', reject);
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WormholeError('WH_ERR_DIAL', `the page could not be fetched: ${why}`, { cause });
  }
}

function unlessMissing(error: unknown): void {
  if (!WormholeError.is(error) || error.code !== 'WH_ERR_WORMHOLE_NOT_FOUND') throw error;
}
