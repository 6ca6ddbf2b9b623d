/** Lanes beside links over real TLS and real UDP on 127.0.0.1: two processes' worth of them in one. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LaneEnd } from '../../../test/support/lane-end.ts';
import { UdpRelay } from '../../../test/support/udp-relay.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Link } from '../link/link.ts';
import type { QuicEngine } from '../quic/engine.ts';

const never = new AbortController().signal;
const connection = { kind: 'connection', guest: 'db', from: '10.0.0.1:5', hops: 0 } as const;

/** What comes back of what was sent on a stream of `link`. */
async function echoed(link: Link, bytes: Buffer): Promise<Buffer> {
  const stream = await link.openStream(connection, never);
  stream.end(bytes);
  return Buffer.concat(await stream.toArray());
}

describe('a lane', () => {
  let a: LaneEnd;
  let b: LaneEnd;
  beforeEach(async () => {
    a = await new LaneEnd('a').listen();
    b = await new LaneEnd('b').listen();
  });
  afterEach(async () => {
    await Promise.all([a, b].map((end) => end.close()));
  });

  async function linked(): Promise<readonly [Link, Link]> {
    const near = await a.dial(b.port);
    await expect.poll(() => [near.lane?.carrier, b.links.all[0]?.lane?.carrier]).toEqual(['quic', 'quic']);
    return [near, b.links.all[0] as Link];
  }

  test('F64, N1: goes on when the NAT between gives one end another address', async () => {
    await using nat = await UdpRelay.toSamePort('127.0.0.2');
    b.listens = { host: '127.0.0.2', port: nat.port };
    const [near, far] = await linked();
    const streams = [await near.openStream(connection, never), await far.openStream(connection, never)];
    for (const said of ['before', 'and after', 'once more']) {
      for (const stream of streams) {
        stream.write(said);
        expect(String((await once(stream, 'data'))[0])).toBe(said);
      }
      nat.rebind();
    }
    expect([a.carriers, b.carriers]).toEqual([['quic'], ['quic']]);
  });

  test('F66: that is dead costs no connection: what was not answered goes over the link, and all that come later', async () => {
    await using line = await UdpRelay.toSamePort('127.0.0.2');
    b.listens = { host: '127.0.0.2', port: line.port };
    const [near, far] = await linked();
    line.silent = true;
    for (const link of [near, far, near]) {
      expect((await echoed(link, Buffer.from('served'))).toString()).toBe('served');
    }
    // Long before it is known to be lost.
    expect([near.lane?.carrier, a.carriers]).toEqual(['quic', ['quic']]);
    line.silent = false;
    const since = near.streams;
    await expect
      .poll(
        async () => {
          const stream = await near.openStream(connection, never);
          const onLink = near.streams - since;
          stream.end();
          await stream.resume().toArray();
          return onLink;
        },
        { timeout: 10_000 },
      )
      .toBe(0);
  });

  test('carries connections of both ends, and nothing of them is on the link', async () => {
    const [near, far] = await linked();
    for (const link of [near, far]) {
      const bytes = randomBytes(3 << 20);
      const stream = await link.openStream(connection, never);
      expect([near.lane?.streams, far.lane?.streams, near.streams]).toEqual([1, 1, 1]);
      stream.end(bytes);
      expect(Buffer.concat(await stream.toArray()).equals(bytes)).toBe(true);
    }
    expect([a.carriers, b.carriers]).toEqual([['quic'], ['quic']]);
  });

  test('a refusal comes in the words of the end that refused, as on the link', async () => {
    const [near] = await linked();
    b.onStream = (_link, incoming) => incoming.refuse(new WormholeError('WH_ERR_POLICY', 'rule 3 forbids it'));
    await expect(near.openStream(connection, never)).rejects.toMatchObject({
      code: 'WH_ERR_POLICY',
      message: 'rule 3 forbids it',
    });
    expect(near.lane?.carrier).toBe('quic');
  });

  test('carries connections only: the API and datagrams stay on the link', async () => {
    const [near] = await linked();
    const kinds: string[] = [];
    b.onStream = (link, incoming) => {
      kinds.push(`${incoming.head.kind} ${link.lane?.streams}`);
      incoming.accept().resume();
    };
    const api = await near.openStream({ kind: 'api' }, never);
    api.end();
    expect(kinds).toEqual(['api 0']);
  });

  test('F65: that is lost breaks its streams, later ones go over the link, and it is made again', async () => {
    const [near, far] = await linked();
    const stream = await near.openStream(connection, never);
    const broken = once(stream, 'error');
    stream.resume();
    const { lane } = far;
    if (lane === undefined) throw new Error('there is a lane');
    (lane as unknown as { close(): void }).close();
    expect((await broken)[0]).toMatchObject({ code: 'WH_ERR_ABORTED' });
    expect((await echoed(near, Buffer.from('still here'))).toString()).toBe('still here');
    expect(near.over).toBe(false);
    await expect.poll(() => a.carriers.at(-1)).toBe('quic');
  });

  test('a link that is drained keeps what is open on its lane until that has ended', async () => {
    const [near, far] = await linked();
    const stream = await near.openStream(connection, never);
    far.drain();
    await expect.poll(() => near.open).toBe(false);
    stream.write('one');
    expect((await once(stream, 'data'))[0]).toEqual(Buffer.from('one'));
    stream.end('two');
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('two');
    await expect.poll(() => [near.over, far.over]).toEqual([true, true]);
  });
});

describe('without a lane', () => {
  const ends: LaneEnd[] = [];
  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end.close()));
  });
  async function pair(...of: readonly [LaneEnd, LaneEnd]): Promise<readonly [LaneEnd, LaneEnd]> {
    ends.push(...of);
    await of[1].listen();
    return of;
  }
  const absent = (): Promise<QuicEngine> =>
    Promise.reject(new WormholeError('WH_ERR_UNSUPPORTED', 'QUIC needs a package'));

  test.each([
    ['the engine is absent here', () => new LaneEnd('a', true, absent), () => new LaneEnd('b'), 'QUIC needs a package'],
    [
      'the engine is absent there',
      () => new LaneEnd('a'),
      () => new LaneEnd('b', true, absent),
      'QUIC needs a package',
    ],
    ['the other end does not want one', () => new LaneEnd('a'), () => new LaneEnd('b', false), 'configuration of both'],
  ])('connections go over the link, and it is said once why: %s', async (_why, makeA, makeB, reason) => {
    const [a, b] = await pair(makeA(), makeB());
    const link = await a.dial(b.port);
    expect((await echoed(link, Buffer.from('over TLS'))).toString()).toBe('over TLS');
    await expect.poll(() => a.carriers).toEqual([expect.stringContaining(reason)]);
    expect(link.lane).toMatchObject({ carrier: 'tls', reason: expect.stringContaining(reason) as string });
  });

  test('nothing is dialed where only the end that was dialed wants one', async () => {
    const [a, b] = await pair(new LaneEnd('a', false), new LaneEnd('b'));
    const link = await a.dial(b.port, { quic: false });
    expect((await echoed(link, Buffer.from('over TLS'))).toString()).toBe('over TLS');
    expect(b.links.all[0]?.lane).toMatchObject({ carrier: 'tls', reason: 'the peer has not asked for QUIC' });
  });

  test('a UDP port that is taken is named, to both ends', async () => {
    const [a, b] = await pair(new LaneEnd('a'), new LaneEnd('b'));
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    b.listens = { host: '127.0.0.1', port: taken.address().port };
    const link = await a.dial(b.port);
    await expect.poll(() => [a.carriers.length, b.carriers.length]).toEqual([1, 1]);
    for (const end of [a, b]) expect(end.carriers[0]).toContain('EADDRINUSE');
    expect((await echoed(link, Buffer.from('over TLS'))).toString()).toBe('over TLS');
    taken.close();
  });
});
