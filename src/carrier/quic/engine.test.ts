import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { connect, listen, opened, streamOf, transport } from '../../../test/support/quic-ends.ts';
import { UdpRelay } from '../../../test/support/udp-relay.ts';
import { gardenerAlpn, ownAlpn } from './framing.ts';
import { quicheEngine } from './quiche-engine.ts';
import { acceptedDuplex, openedDuplex } from './stream-duplex.ts';

const mebi = 1 << 20;

function digest(stream: Duplex): Promise<{ bytes: number; sha: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    stream.on('end', () => resolve({ bytes, sha: hash.digest('hex') }));
  });
}

async function sendAll(stream: Duplex, bytes: Buffer, step = 65_536): Promise<void> {
  for (let at = 0; at < bytes.length; at += step) {
    if (!stream.write(bytes.subarray(at, at + step))) await once(stream, 'drain');
  }
  stream.end();
}

const shaOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each([
  ['native sockets', true, ownAlpn],
  ['native sockets, as gardener speaks', true, gardenerAlpn],
  ['node:dgram', false, ownAlpn],
])('a connection over %s', (_name, native, alpn) => {
  const protocol = { transport: { ...transport, alpn: [alpn] } };

  test('carries every byte of both directions, which end by themselves', async () => {
    await using engine = await quicheEngine({ native });
    await using there = await listen(engine, protocol);
    const near = await connect(engine, there.listener.address.port, protocol);
    const far = await there.next();
    const bytes = randomBytes(8 * mebi);
    const out = openedDuplex(opened(near));
    const sent = sendAll(out, bytes);
    const back = acceptedDuplex(await streamOf(far));
    expect(await digest(back)).toEqual({ bytes: bytes.length, sha: shaOf(bytes) });
    await sent;
    const [answered] = await Promise.all([digest(out), sendAll(back, bytes.subarray(0, 3 * mebi), 1_000)]);
    expect(answered).toEqual({ bytes: 3 * mebi, sha: shaOf(bytes.subarray(0, 3 * mebi)) });
    near.close();
  });

  test('either end opens streams, many at once, and mixes none of them up', async () => {
    await using engine = await quicheEngine({ native });
    await using there = await listen(engine, protocol);
    const near = await connect(engine, there.listener.address.port, protocol);
    const far = await there.next();
    for (const end of [near, far]) {
      end.onStream((stream) => {
        const echo = acceptedDuplex(stream).on('error', () => {});
        echo.pipe(echo);
      });
    }
    const work = [near, far].flatMap((end) =>
      Array.from({ length: 50 }, async () => {
        const bytes = randomBytes(20_000);
        const stream = openedDuplex(opened(end));
        const [result] = await Promise.all([digest(stream), sendAll(stream, bytes, 777)]);
        expect(result.sha).toBe(shaOf(bytes));
      }),
    );
    await Promise.all(work);
    near.close();
  });
});

describe.each([
  ['0.0.0.0', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.2'],
  ['::', '127.0.0.2'],
  ['::', '::1'],
  ['::1', '::1'],
])('a listener on %s', (host, dialed) => {
  test(`answers from ${dialed} who asked there`, async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, { address: { host, port: 0 } });
    const { port } = there.listener.address;
    const near = await connect(engine, port, { address: { host: dialed, port } });
    const far = await there.next();
    expect(far.peer.address).toMatch(dialed.includes(':') ? /^\[::1\]:\d+$/ : /^127\.0\.0\.\d:\d+$/);
    far.onStream((stream) => {
      const echo = acceptedDuplex(stream).on('error', () => {});
      echo.pipe(echo);
    });
    const stream = openedDuplex(opened(near)).on('error', () => {});
    const bytes = randomBytes(mebi);
    const [result] = await Promise.all([digest(stream), sendAll(stream, bytes)]);
    expect(result.sha).toBe(shaOf(bytes));
    near.close();
  });
});

describe('between our own ends', () => {
  test('a stream is there before its first byte', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const near = await connect(engine, there.listener.address.port);
    const out = openedDuplex(opened(near));
    const back = acceptedDuplex(await streamOf(await there.next())).on('error', () => {});
    back.end('the service speaks first');
    expect((await digest(out)).bytes).toBe(24);
    near.close();
  });

  test('an end arrives over a line that loses packets, whoever ended first', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    await using line = await UdpRelay.to(there.listener.address.port);
    const near = await connect(engine, line.port);
    const far = await there.next();
    line.loseEvery = 13;
    far.onStream((stream) => {
      const echo = acceptedDuplex(stream).on('error', () => {});
      echo.pipe(echo);
    });
    for (let round = 0; round < 40; round += 1) {
      const stream = openedDuplex(opened(near));
      stream.end(randomBytes(1 + round * 400));
      expect((await digest(stream)).bytes).toBe(1 + round * 400);
    }
    near.close();
  });

  test('a stream that is given up breaks the other end, with an error', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const near = await connect(engine, there.listener.address.port);
    const out = openedDuplex(opened(near));
    const back = acceptedDuplex(await streamOf(await there.next()));
    const broken = once(back, 'error');
    back.resume();
    out.destroy();
    expect((await broken)[0]).toMatchObject({ code: 'WH_ERR_ABORTED' });
    near.close();
  });

  test('a connection that is closed breaks what is under way on both ends', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const near = await connect(engine, there.listener.address.port);
    const far = await there.next();
    const out = openedDuplex(opened(near));
    const back = acceptedDuplex(await streamOf(far));
    const broken = [once(out, 'error'), once(back, 'error')];
    for (const stream of [out, back]) stream.resume();
    const farEnd = new Promise((resolve) => far.onClose(resolve));
    near.close();
    await Promise.all(broken);
    expect(await farEnd).toBeUndefined();
    expect(near.openStream()).toBeUndefined();
  });
});

describe('back-pressure', () => {
  const streamWindow = 256 * 1024;
  const small = { transport: { ...transport, firstWindow: streamWindow, streamWindow } };

  test('A22: a reader that stalls stops its writer at the window, and no other stream', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, small);
    const near = await connect(engine, there.listener.address.port, small);
    const far = await there.next();
    const streams: Duplex[] = [];
    far.onStream((stream) => streams.push(acceptedDuplex(stream).on('error', () => {})));
    const stalled = openedDuplex(opened(near));
    stalled.on('error', () => {});
    const block = Buffer.alloc(64 * 1024);
    let written = 0;
    const push = (): void => void stalled.write(block, (error) => error ?? ((written += block.length), push()));
    push();
    const moving = openedDuplex(opened(near)).on('error', () => {});
    const bytes = randomBytes(16 * mebi);
    const sent = sendAll(moving, bytes);
    while (streams.length < 2) await pause(5);
    expect(await digest(streams[1] as Duplex)).toEqual({ bytes: bytes.length, sha: shaOf(bytes) });
    await sent;
    // The window, and what waits in the two streams of Node.js.
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThanOrEqual(streamWindow + 4 * block.length);
    near.close();
  });

  test('a stream that is given up while nothing can be sent takes no other one with it', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const near = await connect(engine, there.listener.address.port);
    const far = await there.next();
    far.onStream((stream) => {
      const echo = acceptedDuplex(stream).on('error', () => {});
      echo.pipe(echo);
    });
    // More than may be under way before anything is acknowledged.
    const large = openedDuplex(opened(near)).on('error', () => {});
    large.write(Buffer.alloc(4 * mebi));
    const given = openedDuplex(opened(near)).on('error', () => {});
    given.write('nothing of this leaves');
    given.destroy();
    const next = openedDuplex(opened(near)).on('error', () => {});
    large.resume();
    const bytes = randomBytes(mebi);
    expect((await Promise.all([digest(next), sendAll(next, bytes)]))[0].sha).toBe(shaOf(bytes));
    near.close();
  });

  test('A22: streams that are given up with unread bytes leave all their room to the others', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, small);
    const near = await connect(engine, there.listener.address.port, small);
    const far = await there.next();
    let side = 0;
    far.onStream((stream) => {
      const back = acceptedDuplex(stream);
      back.on('error', () => {});
      side += 1;
      if (side % 2 === 0) setTimeout(() => back.destroy(), 5);
    });
    for (let round = 0; round < 160; round += 1) {
      const stream = openedDuplex(opened(near));
      stream.on('error', () => {});
      stream.write(Buffer.alloc(streamWindow));
      await pause(10);
      stream.destroy();
    }
    const last = openedDuplex(opened(near)).on('error', () => {});
    far.onStream((stream) => {
      const echo = acceptedDuplex(stream).on('error', () => {});
      echo.pipe(echo);
    });
    const bytes = randomBytes(mebi);
    const [result] = await Promise.all([digest(last), sendAll(last, bytes)]);
    expect(result.sha).toBe(shaOf(bytes));
    near.close();
  });
});
