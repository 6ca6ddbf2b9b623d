/**
 * What holders of the key, and those who only listened, can do to a daemon's carrier port.
 *
 *     evil: the test's own bytes ──TLS with the key──► b: wormholed ══ a: an honest peer, whose wormhole goes on
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Flag, FrameType } from '../../src/carrier/mux/frame.ts';
import { RecordType, record, recordHeader } from '../../src/carrier/resume/record.ts';
import { data, dialCarrier, hello, muxFrame, opening, saying } from '../support/carrier-client.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';
import { bytes } from '../support/relay-bytes.ts';
import type { Peer } from '../support/relay-peer.ts';
import { settle, until } from '../support/relay-wait.ts';

let world: Hosts & { readonly a: Host; readonly b: Host; readonly evil: Host };
let server: ServerThere;
let port: number;
beforeAll(async () => {
  world = await Hosts.start({ hosts: { a: {}, b: {}, evil: { down: true } } });
  server = await world.b.serve((socket) => socket.pipe(socket));
  ({ port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});
/** Whatever was done, the honest peer is served by the same process. */
afterEach(async () => {
  await using client = await world.a.connect(port);
  await client.send('honest');
  expect(await client.text(6)).toBe('honest');
  expect(world.b.daemon.alive).toBe(true);
});

const carrierPort = (): { host: string; port: number } => ({ host: world.b.site.v4, port: 9999 });
const dial = (protocol?: string): Promise<Peer> => dialCarrier(world.evil, carrierPort(), protocol);

/** Resident memory of b's daemon, in MiB. */
function memory(): number {
  const status = readFileSync(`/proc/${world.b.daemon.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** Sends all of it, whatever becomes of the connection. */
async function push(peer: Peer, ...parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) {
    if (peer.ended !== undefined) return;
    await peer.send(part).catch(() => undefined);
  }
}

/** Waits until the daemon has ended a connection. */
async function isEnded(peer: Peer): Promise<void> {
  await peer.ending();
  peer.socket.destroy();
}

const greeted = [opening(), data(saying(1, hello()))];
const garbage = bytes(100_000, 5);

describe('A23: what comes first on a carrier', () => {
  test.each([
    ['noise', [garbage]],
    ['a record of an unknown type', [record(77, Buffer.from('?'))]],
    ['data before a session', [data(saying(1, hello()))]],
    ['a record that says it is 16 MiB long', [recordHeader(RecordType.open, 0xff_ffff), garbage]],
    ['a control record longer than any is', [record(RecordType.resume, bytes(300))]],
    [
      'a resumption of a session that never was',
      [record(RecordType.resume, Buffer.concat([Buffer.from([1]), bytes(76)]))],
    ],
    ['an end', [record(RecordType.end)]],
  ])('%s: the connection is ended', async (_, parts) => {
    await using peer = await dial();
    await push(peer, ...parts);
    await isEnded(peer);
  });

  test('another version of the pipe is refused in words, and the connection ended in an orderly way', async () => {
    await using peer = await dial();
    await peer.send(opening(9));
    const answer = await peer.readAll();
    expect([...answer.subarray(0, 5)]).toEqual([RecordType.refused, 0, 0, 1, 3]);
  });

  test('another version of HELLO is refused in words', async () => {
    await using peer = await dial();
    await push(peer, opening(), data(saying(1, hello({ hello: 2 }))));
    await peer.ending();
    expect(await seen(peer)).toContain('WH_ERR_UNSUPPORTED');
  });

  test('nothing at all: the connection is ended', async () => {
    await using silent = await dial();
    await using opened = await dial();
    await opened.send(opening());
    await Promise.all([isEnded(silent), isEnded(opened)]);
  });

  test('a HELLO that dribbles in, a byte at a time, is not waited for', async () => {
    await using peer = await dial();
    await peer.send(opening());
    const whole = saying(1, hello({ name: 'slow' }));
    for (const byte of whole) {
      if (peer.ended !== undefined) break;
      await push(peer, data(Buffer.from([byte])));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await isEnded(peer);
    expect(await linked()).not.toContain('slow');
  });
});

/** Names of who is linked with b. */
async function linked(): Promise<string[]> {
  const { peers } = await world.b.daemon.get<{ peers: { name: string; state: string }[] }>('/v1/peers');
  return peers.filter(({ state }) => state !== 'down').map(({ name }) => name);
}

/** Everything that has come, as text. */
async function seen(peer: Peer): Promise<string> {
  return (await peer.read(peer.held)).toString('latin1');
}

describe('A22: what comes inside a session', () => {
  test.each([
    ['a HELLO that is no JSON', [opening(), data(muxFrame(FrameType.data, Flag.syn, 1, Buffer.from('\0\x05hello')))]],
    ['a HELLO that is a list', [opening(), data(saying(1, [1, 2, 3]))]],
    ['a HELLO of 65,535 bytes', [opening(), data(muxFrame(FrameType.data, Flag.syn, 1, Buffer.alloc(65_537, 0xff)))]],
    ['a HELLO with a name that is none', [opening(), data(saying(1, hello({ name: '../../etc' })))]],
    ['a HELLO without an instance', [opening(), data(saying(1, hello({ instance: undefined })))]],
    ['a frame of another version', [...greeted, data(Buffer.from([1, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0]))]],
    ['a frame of an unknown type', [...greeted, data(muxFrame(9, 0, 3))]],
    ['data beyond the window', [...greeted, ...flood(3, 40)]],
    ['data that is longer than any frame', [...greeted, data(muxFrame(FrameType.data, Flag.syn, 3, 0xffff_ffff))]],
    ['data of a stream that was never opened', [...greeted, data(muxFrame(FrameType.data, 0, 99, Buffer.from('x')))]],
    ['a stream with an id of the other end', [...greeted, data(muxFrame(FrameType.windowUpdate, Flag.syn, 2))]],
    ['the same stream twice', [...greeted, data(saying(3, { open: 'api' }), saying(3, { open: 'api' }))]],
    [
      'credit without end',
      [
        ...greeted,
        data(
          muxFrame(FrameType.windowUpdate, Flag.syn, 3, 0xffff_ffff),
          muxFrame(FrameType.windowUpdate, 0, 3, 0xffff_ffff),
        ),
      ],
    ],
    ['an acknowledgement of what was never sent', [...greeted, record(RecordType.ack, Buffer.alloc(8, 0x7f))]],
  ])('%s: the session is ended', async (_, parts) => {
    await using peer = await dial();
    await push(peer, ...parts);
    await isEnded(peer);
  });

  test('twenty thousand streams at once, of somebody who reads nothing: bounded, and nobody else waits', async () => {
    const before = memory();
    await using peer = await dial();
    peer.socket.pause();
    await push(peer, ...greeted);
    for (let batch = 0; batch < 200; batch++) {
      const frames = Array.from({ length: 100 }, (_, n) => saying(3 + 2 * (batch * 100 + n), { open: 'api' }));
      if (!peer.socket.destroyed) peer.socket.write(data(...frames));
    }
    await settle();
    await using client = await world.a.connect(port);
    await client.send('meanwhile');
    expect(await client.text(9)).toBe('meanwhile');
    expect(memory() - before).toBeLessThan(200);
  });

  test('pings without end, of somebody who reads no answer: bounded', async () => {
    const before = memory();
    await using peer = await dial();
    peer.socket.pause();
    await push(peer, ...greeted);
    const pings = data(...Array.from({ length: 1000 }, (_, n) => muxFrame(FrameType.ping, Flag.syn, 0, n)));
    for (let n = 0; n < 1000 && !peer.socket.destroyed; n++) peer.socket.write(pings);
    await settle();
    expect(memory() - before).toBeLessThan(200);
  });

  test('a stream that asks for what there is not, a wormhole of somebody else among it, is refused', async () => {
    await using peer = await dial();
    await push(peer, ...greeted);
    await until('it was greeted', async () => peer.held > 100);
    const heads = [
      { open: 'nothing' },
      { open: 'connection', guest: 'no-such-guest', from: '127.0.0.1:1', hops: 0 },
      { open: 'connection', guest: '../../1', from: 'x'.repeat(4000), hops: 0 },
      { open: 'connection', guest: 'no-such-guest', from: '127.0.0.1:1', hops: 99 },
    ];
    await push(peer, data(...heads.map((head, n) => saying(3 + 2 * n, head))));
    const answered = peer.held;
    await until('an answer came', async () => peer.held > answered + 100);
    await settle();
    const text = await seen(peer);
    expect(text.match(/"ok":true/g)).toHaveLength(1);
    expect(text.match(/"ok":false/g)?.length).toBeGreaterThanOrEqual(2);
  });

  test('a daemon’s own instance is refused: its words came back to it', async () => {
    const { instance } = await world.b.daemon.json<{ instance: string }>('ping');
    await using peer = await dial();
    await push(peer, opening(), data(saying(1, hello({ instance, name: 'mirror' }))));
    await peer.ending();
    expect(await linked()).not.toContain('mirror');
  });
});

/** Frames of 64 KiB on one stream that nobody granted credit for. */
function flood(id: number, count: number): Buffer[] {
  const first = saying(id, { open: 'connection', guest: 'x', from: '127.0.0.1:1', hops: 0 });
  return [
    data(first),
    ...Array.from({ length: count }, () => data(muxFrame(FrameType.data, 0, id, Buffer.alloc(65_536)))),
  ];
}
