import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { client, connect, listen, Pki, pki, SERVER_NAME, server, transport } from '../../../test/support/quic-ends.ts';
import { UdpRelay } from '../../../test/support/udp-relay.ts';
import { defaultQuicLimits } from './config.ts';
import { loadQuiche } from './quiche.ts';
import { quicheEngine } from './quiche-engine.ts';

const elsewhere = new Pki();

/** A UDP socket of 127.0.0.1 and the first answer that it gets, or none within a moment. */
async function ask(port: number, packet: Uint8Array): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  try {
    const answer = once(socket, 'message').then(([bytes]) => bytes as Buffer);
    socket.send(packet, port, '127.0.0.1');
    return await Promise.race([answer, pause(300, undefined)]);
  } finally {
    socket.close();
  }
}

/** A client's first packet. */
function firstPacket(port: number): Buffer {
  const quiche = loadQuiche();
  const config = quiche.Config.withBoringSslCtx(true, false, pki.ca, [client.key], [client.cert], null);
  config.setApplicationProtos([...transport.alpn]);
  const near = { host: '127.0.0.1', port: 1 };
  const there = { host: '127.0.0.1', port };
  const connection = quiche.Connection.connect(SERVER_NAME, Buffer.alloc(16, 7), near, there, config);
  const packet = Buffer.alloc(1_350);
  return packet.subarray(0, connection.send(packet)?.[0]);
}

describe('certificates', () => {
  test.each([
    [
      'A12: a server whose certificate is of another CA is refused',
      { credentials: elsewhere.credentials('server') },
      {},
    ],
    ['A12: a server whose certificate has another name is refused', {}, { serverName: 'other' }],
    ['A12: a client’s certificate does not make a server', { credentials: pki.credentials('client', SERVER_NAME) }, {}],
    [
      'a client whose certificate is of another CA is refused',
      {},
      { credentials: { ...elsewhere.credentials('client'), ca: pki.ca } },
    ],
    ['a server’s certificate does not make a client', {}, { credentials: pki.credentials('server', 'client') }],
    ['A13: who speaks no protocol of ours is refused', {}, { transport: { ...transport, alpn: ['h3'] } }],
  ])('%s', async (_title, ofServer, ofClient) => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, ofServer);
    const came = connect(engine, there.listener.address.port, ofClient);
    await expect(came).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    expect(there.came).toEqual([]);
    await expect.poll(() => there.refused.length).toBe(1);
  });

  test('A12: a client without a certificate is refused', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const { port } = there.listener.address;
    const quiche = loadQuiche();
    const config = quiche.Config.withBoringSslCtx(true, false, pki.ca, null, null, null);
    config.setApplicationProtos([...transport.alpn]);
    const [near, far] = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port },
    ];
    const bare = quiche.Connection.connect(SERVER_NAME, Buffer.alloc(16, 3), near, far, config);
    const socket = createSocket('udp4');
    const packet = Buffer.alloc(1_350);
    const send = (): void => {
      for (let sent = bare.send(packet); sent !== null; sent = bare.send(packet)) {
        socket.send(Buffer.from(packet.subarray(0, sent[0])), port, '127.0.0.1');
      }
    };
    socket.on('message', (bytes) => {
      bare.recv(bytes, { from: far, to: near });
      send();
    });
    send();
    await expect.poll(() => bare.peerError()?.errorCode).toBe(0x100 + 116);
    expect(there.came).toEqual([]);
    socket.close();
  });

  test('new ones serve the next handshake, and bad ones leave the old in force', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const { port } = there.listener.address;
    const broken = { ...server, key: client.key };
    expect(() => there.listener.replaceCredentials(broken)).toThrow(expect.objectContaining({ code: 'WH_ERR_CONFIG' }));
    (await connect(engine, port)).close();
    there.listener.replaceCredentials(pki.credentials('server', 'renamed'));
    await expect(connect(engine, port)).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    (await connect(engine, port, { serverName: 'renamed' })).close();
  });

  test('A10: texts that are no certificates are named, and never shown', async () => {
    await using engine = await quicheEngine();
    const secret = Buffer.from('hunter2');
    for (const bad of [{ key: secret }, { cert: secret }, { ca: secret }]) {
      const made = listen(engine, { credentials: { ...server, ...bad } });
      await expect(made).rejects.toMatchObject({
        code: 'WH_ERR_CONFIG',
        message: expect.not.stringContaining('hunter2'),
      });
    }
  });
});

describe('strangers', () => {
  test('A24: a first packet is answered with less than it brought, and nothing is remembered', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, { limits: { ...defaultQuicLimits, handshakes: 0 } });
    const packet = firstPacket(there.listener.address.port);
    const answer = await ask(there.listener.address.port, packet);
    // Retry: long header, type 3.
    expect((answer?.[0] ?? 0) & 0xf0).toBe(0xf0);
    expect(answer?.length).toBeLessThan(packet.length / 3);
    expect(there.refused).toEqual([]);
  });

  test('A24: a first packet that is short, or torn, is not answered', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const { port } = there.listener.address;
    const packet = firstPacket(port);
    expect(await ask(port, packet.subarray(0, 1_199))).toBeUndefined();
    expect(await ask(port, Buffer.alloc(1_350, 0xff))).toBeDefined(); // a version nobody has: told which there are
    expect(await ask(port, Buffer.alloc(1_350))).toBeUndefined();
  });

  test('A23: handshakes of one source, and all of them, are capped', async () => {
    await using engine = await quicheEngine();
    const limits = { ...defaultQuicLimits, handshakesPerSource: 0 };
    await using there = await listen(engine, { limits });
    const came = connect(engine, there.listener.address.port, { handshakeMs: 500 });
    await expect(came).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
    expect(there.refused[0]?.reason).toBe('too-many-handshakes-from-source');
  });

  test('connections are capped, and a place is free again when one has left', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, { limits: { ...defaultQuicLimits, connections: 1 } });
    const { port } = there.listener.address;
    const first = await connect(engine, port);
    await expect(connect(engine, port, { handshakeMs: 300 })).rejects.toMatchObject({
      code: 'WH_ERR_PEER_UNREACHABLE',
    });
    first.close();
    (await connect(engine, port)).close();
  });

  test('A25: no packet of a stranger disturbs those who are connected', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    const { port } = there.listener.address;
    const near = await connect(engine, port);
    const far = await there.next();
    const socket = createSocket('udp4');
    const real = firstPacket(port);
    const packets = fc.oneof(
      fc.uint8Array({ maxLength: 1_400 }),
      fc.tuple(fc.nat(real.length - 1), fc.nat(255)).map(([at, value]) => {
        const bad = Buffer.from(real);
        bad[at] = value;
        return bad;
      }),
    );
    for (const packet of fc.sample(packets, 500)) socket.send(packet, port, '127.0.0.1');
    for (const packet of fc.sample(packets, 100))
      socket.send(packet, Number(far.peer.address.split(':')[1]), '127.0.0.1');
    await pause(50);
    expect(await near.ping(1_000)).toBe(true);
    expect(await far.ping(1_000)).toBe(true);
    socket.close();
    near.close();
  });
});

describe('a peer that is gone', () => {
  const quick = { transport: { ...transport, idleMs: 600 } };

  test('that was never there is told at once where the network says so', async () => {
    await using engine = await quicheEngine();
    const free = createSocket('udp4');
    free.bind(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address();
    free.close();
    await expect(connect(engine, port)).rejects.toMatchObject({ message: 'connection refused' });
  });

  test('does not answer a ping, and is given up when it was silent for too long', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, quick);
    await using line = await UdpRelay.to(there.listener.address.port);
    const near = await connect(engine, line.port, { ...quick, keepAliveMs: 200 });
    const far = await there.next();
    const gone = [near, far].map((end) => new Promise((resolve) => end.onClose(resolve)));
    expect(await far.ping(1_000)).toBe(true);
    line.silent = true;
    expect(await far.ping(100)).toBe(false);
    for (const reason of await Promise.all(gone)) expect(reason).toMatchObject({ code: 'WH_ERR_TIMEOUT' });
  });

  test('is not mistaken for one who has nothing to say', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine, quick);
    const near = await connect(engine, there.listener.address.port, { ...quick, keepAliveMs: 200 });
    await pause(1_500);
    expect(near.closed).toBe(false);
    near.close();
  });

  test('a dial that is given up leaves nothing', async () => {
    await using engine = await quicheEngine();
    await using there = await listen(engine);
    await using line = await UdpRelay.to(there.listener.address.port);
    line.silent = true;
    const giveUp = new AbortController();
    const came = connect(engine, line.port, { signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error('enough')), 50);
    await expect(came).rejects.toThrow('enough');
    expect(there.came).toEqual([]);
  });
});

test('the engine that is not installed is told with its remedy', () => {
  const load = (): never => {
    throw new Error('Cannot find module');
  };
  expect(() => loadQuiche(load)).toThrow(
    expect.objectContaining({ code: 'WH_ERR_UNSUPPORTED', message: expect.stringContaining('--include=optional') }),
  );
});
