/**
 * Links whose connections break: what lives on them goes on over the next one.
 *
 *     a: clients ─ wormholed ══ a relay that cuts and loses ══ wormholed ─ b: servers
 */
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { PeerList } from '../../src/spec/api-peer.ts';
import type { Host } from '../support/host.ts';
import { readdress } from '../support/host-address.ts';
import { Hosts } from '../support/hosts.ts';
import { ByteStream, ByteSum, sendStream } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

/** A transfer that is under way. */
interface Transfer {
  /** True when every byte came, once. */
  readonly whole: Promise<boolean>;
}

/** Bytes that have arrived, of all transfers. */
interface Progress {
  bytes: number;
}

/** From b to a: the server says what it sent by a checksum at the end of the stream. */
async function download(a: Host, port: number, size: number, progress: Progress): Promise<Transfer> {
  const client = await a.connect(port);
  let crc = 0;
  let length = 0;
  let tail = Buffer.alloc(0);
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    progress.bytes += chunk.length;
    const all = Buffer.concat([tail, chunk]);
    const sure = all.subarray(0, Math.max(0, all.length - 4));
    tail = Buffer.from(all.subarray(sure.length));
    crc = crc32(sure, crc);
    length += sure.length;
  });
  const whole = client.ending().then((ending) => {
    client.socket.destroy();
    return ending === 'eof' && length === size && tail.readUInt32BE(0) === crc;
  });
  return { whole };
}

/** From a to b, which answers with the checksum of what came. */
async function upload(a: Host, port: number, size: number, seed: number): Promise<Transfer> {
  const client = await a.connect(port);
  const stream = new ByteStream(seed);
  const sent = sendStream(client.socket, stream, size);
  const whole = sent.then(async () => {
    const answer = await client.text();
    client.socket.destroy();
    return answer === `${size} ${stream.crc}`;
  });
  return { whole };
}

const MiB = 1 << 20;

/** Wormholes of a that lead to a sender and to a receiver on b. */
async function transfers(
  world: { readonly a: Host; readonly b: Host },
  size: number,
): Promise<
  {
    readonly progress: Progress;
    readonly begin: (count: number) => Promise<readonly Transfer[]>;
  } & AsyncDisposable
> {
  const { a, b } = world;
  const progress = { bytes: 0 };
  let seed = 0;
  const sender = await b.serve((socket) => {
    const stream = new ByteStream(++seed);
    void sendStream(socket, stream, size, () => checksum(stream.crc)).catch(() => undefined);
  });
  const receiver = await b.serve((socket) => {
    const sum = new ByteSum(socket);
    socket.on('data', (chunk: Buffer) => (progress.bytes += chunk.length));
    socket.on('end', () => socket.end(`${sum.length} ${sum.crc}`));
  });
  const down = await a.daemon.create(`url :0 remote b tail url :${sender.port}`);
  const up = await a.daemon.create(`url :0 remote b tail url :${receiver.port}`);
  return {
    progress,
    begin: (count) =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          n % 2 === 0 ? download(a, down.port, size, progress) : upload(a, up.port, size, 1000 + n),
        ),
      ),
    async [Symbol.asyncDispose]() {
      await sender[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

function checksum(crc: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0, 0);
  return bytes;
}

describe('a link', () => {
  test('F48: cut twenty times under fifty transfers, it loses nothing and doubles nothing', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const relay = await world.relay('a', 'b');
    const size = 2 * MiB;
    await using bed = await transfers(world, size);
    const all = await bed.begin(50);
    const total = 50 * size;
    for (let cut = 1; cut <= 20; cut++) {
      await until(`${cut} parts of 21 have come`, () => bed.progress.bytes >= (total * cut) / 21);
      const before = relay.accepted;
      relay.cut();
      await until('another connection has come', () => relay.accepted > before);
    }
    const whole = await Promise.all(all.map(({ whole }) => whole));
    expect(whole.filter(Boolean)).toHaveLength(50);
    expect(relay.accepted).toBeGreaterThanOrEqual(21);
    expect(await world.a.peer('b')).toMatchObject({ state: 'up', reason: '' });
  });

  test('over a half-open connection: found dead, replaced, and everything arrives', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const relay = await world.relay('a', 'b');
    const size = 8 * MiB;
    await using bed = await transfers(world, size);
    const all = await bed.begin(10);
    await until('a part has come', () => bed.progress.bytes > size);
    relay.lose();
    const whole = await Promise.all(all.map(({ whole }) => whole));
    expect(whole.filter(Boolean)).toHaveLength(10);
    expect(relay.accepted).toBeGreaterThanOrEqual(2);
  });

  test('goes on after the network between the hosts was gone for longer than a connection is waited for', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const size = 8 * MiB;
    await using bed = await transfers(world, size);
    const all = await bed.begin(10);
    await until('a part has come', () => bed.progress.bytes > size);
    await world.cut('a', 'b');
    await until('a has noticed', async () => (await world.a.peer('b')).state === 'lost');
    const { stdout } = await world.a.daemon.wormhole('ls');
    expect(stdout).toMatch(/ waiting .*\n {2}peer b is lost: .*; connections wait for it\n/);
    await world.heal('a', 'b');
    const whole = await Promise.all(all.map(({ whole }) => whole));
    expect(whole.filter(Boolean)).toHaveLength(10);
  });

  test('goes on after the daemon at its other end stood still', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const size = 8 * MiB;
    await using bed = await transfers(world, size);
    const all = await bed.begin(10);
    await until('a part has come', () => bed.progress.bytes > size);
    world.freeze('b');
    await pause(6_000);
    world.thaw('b');
    const whole = await Promise.all(all.map(({ whole }) => whole));
    expect(whole.filter(Boolean)).toHaveLength(10);
  });

  test('of a peer behind NAT that joined goes on as well, dialed again by whom alone can dial', async () => {
    await using world = await Hosts.start({ hosts: { b: { nat: true }, a: {} } });
    const relay = await world.relay('b', 'a');
    await world.b.join('a');
    const size = 4 * MiB;
    await using bed = await transfers(world, size);
    const all = await bed.begin(10);
    for (let cut = 1; cut <= 5; cut++) {
      await until(`${cut} parts of 6 have come`, () => bed.progress.bytes >= (10 * size * cut) / 6);
      const before = relay.accepted;
      relay.cut();
      await until('another connection has come', () => relay.accepted > before);
    }
    const whole = await Promise.all(all.map(({ whole }) => whole));
    expect(whole.filter(Boolean)).toHaveLength(10);
  });

  test('goes on when the host that dialed has another address, which is known at the other end', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    a.knows('b', b.site.v4);
    expect(await a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
    const address = await readdress(a);
    expect(await a.daemon.wormhole('kick', 'b')).toMatchObject({ code: 0 });
    const seen = async (): Promise<string | undefined> =>
      (await b.daemon.get<PeerList>('/v1/peers')).peers[0]?.address.split(':')[0];
    await expect.poll(seen).toBe(address);
    // What it asks for is asked from there.
    expect(await a.daemon.wormhole('create', 'url', ':0', 'remote', 'b', 'tail', 'url', ':1')).toMatchObject({
      code: 0,
    });
    expect(b.daemon.log).toMatch(new RegExp(`"url":"/v1/guests/[^\\n]+"address":"${address}:`));
  });

  test('on a path of 50 ms that loses a packet of a hundred, everything arrives', async () => {
    await using world = await Hosts.start({ hosts: { a: { path: { delayMs: 25, loss: 0.01 } }, b: {} } });
    const size = 2 * MiB;
    await using bed = await transfers(world, size);
    const all = await bed.begin(8);
    const whole = await Promise.all(all.map(({ whole }) => whole));
    expect(whole.filter(Boolean)).toHaveLength(8);
  });
});
