/** What networks and peers do to a connection that they should not, and what becomes of it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { client, connect, listen, opened, SERVER_NAME, streamOf, transport } from '../../../test/support/quic-ends.ts';
import { UdpRelay } from '../../../test/support/udp-relay.ts';
import { gardenerAlpn } from './framing.ts';
import { quicheEngine } from './quiche-engine.ts';
import { acceptedDuplex, openedDuplex } from './stream-duplex.ts';

const never = new AbortController().signal;

describe('a network', () => {
  test('A11: forged packets are no sign of life', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    await using line = await UdpRelay.to(there.listener.address.port);
    const near = await connect(engine, line.port);
    const far = await there.next();
    expect(await near.ping(1_000)).toBe(true);
    line.silent = true;
    const heard = [near.heardAt, far.heardAt];
    const forged = [line.last.there, line.last.back].map((packet) => {
      const copy = Buffer.from(packet as Buffer);
      copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
      return copy;
    });
    const signs = Promise.all([near.ping(400), far.ping(400)]);
    for (let n = 0; n < 20; n += 1) {
      line.forge(forged[0] as Buffer, forged[1] as Buffer);
      await pause(5);
    }
    expect(await signs).toEqual([false, false]);
    expect([near.heardAt, far.heardAt]).toEqual(heard);
    expect([near.closed, far.closed]).toEqual([false, false]);
    near.close();
  });

  test.each([
    ['native sockets', true],
    ['node:dgram', false],
  ])('a NAT that gives the client another port breaks no stream, over %s', async (_name, native) => {
    await using engine = await quicheEngine({ native });
    await using there = await listen(engine);
    await using line = await UdpRelay.to(there.listener.address.port);
    const near = await connect(engine, line.port);
    const far = await there.next();
    const out = openedDuplex(opened(near)).on('error', () => {});
    const back = acceptedDuplex(await streamOf(far)).on('error', () => {});
    back.pipe(back);
    const before = far.peer.address;
    for (let round = 0; round < 3; round += 1) {
      const bytes = randomBytes(100_000);
      const got: Buffer[] = [];
      const all = new Promise<void>((resolve) => {
        out.on('data', (chunk: Buffer) => got.push(chunk) && Buffer.concat(got).length === bytes.length && resolve());
      });
      out.write(bytes);
      await all;
      out.removeAllListeners('data');
      expect(Buffer.concat(got).equals(bytes)).toBe(true);
      line.rebind();
    }
    expect(far.peer.address).not.toBe(before);
    near.close();
  });
});

describe('a peer', () => {
  test('that reads no more of a stream whose end waits leaves nothing of it behind', async () => {
    const streamWindow = 64 * 1024;
    const small = { transport: { ...transport, firstWindow: streamWindow, streamWindow } };
    await using engine = await quicheEngine();
    await using there = await listen(engine, small);
    const near = await connect(engine, there.listener.address.port, small);
    const far = await there.next();
    const stream = opened(near);
    let left = streamWindow;
    const write = (): void => void (left > 0 && (left -= stream.write(Buffer.alloc(left))) > 0);
    const broken = new Promise((onBroken) =>
      stream.attach({
        onBroken,
        onWritable: write,
        onReadable: () => {
          const into = Buffer.alloc(16);
          while (stream.read(into) > 0);
        },
      }),
    );
    write();
    const other = await streamOf(far);
    other.fin(Buffer.from('that is all'));
    await expect.poll(() => [stream.ended, left]).toEqual([true, 0]);
    stream.fin(Buffer.from('x'));
    await pause(20);
    other.abort(7);
    expect(await broken).toMatchObject({ code: 'WH_ERR_ABORTED' });
    await expect.poll(() => [near.streams, far.streams]).toEqual([0, 0]);
    near.close();
  });

  test('allows no fewer streams because some were given up before their first byte', async () => {
    const few = { transport: { ...transport, alpn: [gardenerAlpn], streams: 4 } };
    await using engine = await quicheEngine();
    await using there = await listen(engine, few);
    const near = await connect(engine, there.listener.address.port, few);
    const far = await there.next();
    for (let n = 0; n < 20; n += 1) openedDuplex(opened(near)).destroy();
    const all = Array.from({ length: 4 }, () => openedDuplex(opened(near)).on('error', () => {}));
    expect(near.openStream()).toBeUndefined();
    let came = 0;
    far.onStream((stream) => {
      came += 1;
      const echo = acceptedDuplex(stream).on('error', () => {});
      echo.pipe(echo);
    });
    for (const stream of all) {
      stream.write('hello');
      await once(stream, 'data');
    }
    expect(came).toBe(4);
    near.close();
  });
});

describe('a dial that comes to nothing', () => {
  const sockets = (): number => readdirSync('/proc/self/fd').length;
  const dial = { address: { host: '127.0.0.1', port: 9 }, credentials: client, transport } as const;

  test('for the name of the server leaves no socket behind, and says why', async () => {
    await using engine = await quicheEngine();
    const before = sockets();
    for (let n = 0; n < 5; n += 1) {
      const dialed = engine.connect({
        ...dial,
        serverName: 'a\0b',
        keepAliveMs: 2_000,
        handshakeMs: 1_000,
        signal: never,
      });
      await expect(dialed).rejects.toMatchObject({ code: 'WH_ERR_CONFIG' });
    }
    expect(sockets()).toBe(before);
  });

  test.each([true, false])('because it was called off meanwhile is over (native: %s)', async (native) => {
    await using engine = await quicheEngine({ native });
    await using there = await listen(engine);
    const asked = new AbortController();
    const address = there.listener.address;
    const near = engine.connect({
      ...dial,
      address,
      serverName: SERVER_NAME,
      keepAliveMs: 2_000,
      handshakeMs: 1_000,
      signal: asked.signal,
    });
    asked.abort(new Error('not wanted'));
    await expect(near).rejects.toThrow('not wanted');
    await pause(50);
    expect(there.came.filter(({ closed }) => !closed)).toEqual([]);
  });
});
