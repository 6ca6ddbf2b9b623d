/**
 * What somebody who is linked can do to others that are, and to the people of the daemon's machine.
 *
 *     honest: common key ─┐
 *     evil: a key of its own, every word a lie ─┴─ links ──► wormholed ◄── unix socket: the machine's own people
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Link } from '../../src/carrier/link/link.ts';
import { Links, type Own } from '../../src/carrier/link/links.ts';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { commonIdentity } from '../../src/lib/tls-profile.ts';
import type { GuestRequest } from '../../src/spec/api.ts';
import { Belongings } from '../support/daemon.ts';
import { KeyedPeers } from '../support/keyed-peers.ts';
import { echoServer } from '../support/relay-targets.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

const never = new AbortController().signal;
const of = new Belongings();
const peers = new KeyedPeers(of, {
  evil: { verbs: ['dial'], targets: [{ cidr: '127.0.0.1', ports: '9500-9501' }] },
});
const evilKey = peers.keyFile('evil');
afterAll(() => of[Symbol.dispose]());

ownNamespace();
const daemon = sharedDaemon(() => ({ of, flags: [...peers.flags, '-H', ':9999'] }));
const open: Links[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((links) => links.close(0)));
  expect(daemon().alive).toBe(true);
});

const id = (): string => randomBytes(8).toString('hex');

/** Links to the daemon, by somebody who says that. */
async function linked(identity: string, said: Partial<Own> = {}): Promise<Link> {
  const quiet = () => undefined;
  const links = new Links({
    own: { role: 'daemon', instance: id(), host: id(), name: identity, version: '1.0.0', ...said },
    ownerOf: () => undefined,
    onUp: quiet,
    onLost: quiet,
    onResumed: quiet,
    onDraining: quiet,
    onOver: quiet,
    onRefused: quiet,
    // Rolls and whatever else: nothing is here.
    onStream: (_link, incoming) => void incoming.accept().resume().end(),
  });
  open.push(links);
  const key = readKeyFile(identity === commonIdentity ? of.keyFile : evilKey).bytes();
  const target = { identity, proves: identity, key, addresses: [{ host: '127.0.0.1', port: 9999 }] };
  return await links.dial(target, { resumeMs: 1_000 }, never);
}

function requestOf(method: string, path: string, body?: object): string {
  const json = body === undefined ? '' : JSON.stringify(body);
  const type = body === undefined ? '' : 'content-type: application/json\r\n';
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${type}content-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/** Status of a request on a link. */
async function asked(link: Link, method: string, path: string, body?: object): Promise<number> {
  const stream = await link.openStream({ kind: 'api' }, never);
  // Not ended: whoever hangs up before the answer wants none.
  stream.write(requestOf(method, path, body));
  const answer = Buffer.concat(await stream.toArray()).toString();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

async function through(link: Link, guest: string): Promise<string> {
  const stream = await link.openStream({ kind: 'connection', guest, from: '10.0.0.1:5', hops: 1 }, never);
  stream.end('hello');
  return Buffer.concat(await stream.toArray()).toString();
}

const guest = (port: number): GuestRequest => ({
  words: ['tail', 'url', `:${port}`],
  protocol: 'tcp',
  eager: true,
  trail: ['x/y'],
});
const ids = async (): Promise<string[]> =>
  (await daemon().get<{ wormholes: Array<{ id: string }> }>('/v1/wormholes')).wormholes.map((one) => one.id);
const descriptors = (): number => readdirSync(`/proc/${daemon().pid}/fd`).length;

describe('somebody who is linked', () => {
  test('A11 who says that it is another daemon, and has proved another key, ends and takes nothing of it', async () => {
    await using _echo = await echoServer({ host: '127.0.0.1', port: 9500 });
    const host = id();
    const instance = id();
    const honest = await linked(commonIdentity, { host, instance, name: 'honest' });
    expect(await asked(honest, 'POST', '/v1/guests/x.0', guest(9500))).toBe(200);
    for (const said of [
      { host, instance, name: 'honest' },
      { host, instance: id(), name: 'honest' },
      { host, role: 'client' as const, name: 'honest' },
    ]) {
      const evil = await linked('evil', said);
      await expect(through(evil, 'x.0')).rejects.toMatchObject({ code: 'WH_ERR_WORMHOLE_NOT_FOUND' });
      expect(await asked(evil, 'GET', '/v1/guests/x.0')).toBe(404);
      expect(await asked(evil, 'DELETE', '/v1/guests/x.0?now=true')).toBe(404);
      expect(await asked(evil, 'POST', '/v1/guests', { ids: [] })).toBe(200);
      expect(await asked(evil, 'POST', '/v1/guests/x.0', guest(9501))).toBe(200);
      expect(await asked(evil, 'DELETE', '/v1/guests/x.0?now=true')).toBe(200);
      await open.pop()?.close(0);
    }
    expect(honest.open).toBe(true);
    expect(await through(honest, 'x.0')).toBe('hello');
    expect(await ids()).toContain(`x.0~${host}`);
  });

  test('A22 connections to the control API that ask for nothing keep it from nobody, and cost few descriptors', async () => {
    const before = descriptors();
    const links = await Promise.all(Array.from({ length: 8 }, () => linked('evil', { role: 'client' })));
    const idle = links.flatMap((link) =>
      Array.from({ length: 300 }, () => link.openStream({ kind: 'api' }, never).catch(() => undefined)),
    );
    await Promise.race(idle);
    expect(await ids()).toEqual([]);
    const honest = await linked(commonIdentity);
    expect(await asked(honest, 'GET', '/v1/health')).toBe(200);
    expect(descriptors() - before).toBeLessThan(1_024);
    await Promise.all(open.splice(0).map((one) => one.close(0)));
    await Promise.allSettled(idle);
    await expect.poll(descriptors).toBeLessThan(before + 16);
  }, 60_000);

  test('a request for a guest that breaks off anywhere leaves no guest, and one whose link ends neither', async () => {
    await using _echo = await echoServer({ host: '127.0.0.1', port: 9500 });
    const whole = requestOf('POST', '/v1/guests/x.0', guest(9500));
    const link = await linked('evil', { role: 'client' });
    for (let cut = 0; cut < whole.length; cut += 11) {
      const stream = await link.openStream({ kind: 'api' }, never);
      stream.write(whole.slice(0, cut));
      stream.destroy();
    }
    for (let turn = 0; turn < 10; turn += 1) {
      const other = await linked('evil', { role: 'client' });
      const stream = await other.openStream({ kind: 'api' }, never);
      stream.write(whole);
      if (turn % 2 === 1) await new Promise((resolve) => setTimeout(resolve, turn));
      await open.pop()?.close(0);
    }
    await expect.poll(ids).toEqual([]);
    expect(await asked(link, 'POST', '/v1/guests/x.0', guest(9500))).toBe(200);
    expect(await through(link, 'x.0')).toBe('hello');
  }, 60_000);
});
