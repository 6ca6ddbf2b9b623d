import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { LaneEnd } from '../../../test/support/lane-end.ts';
import { defaultQuicLimits } from '../quic/config.ts';
import type { QuicConnection } from '../quic/engine.ts';
import { quicheEngine } from '../quic/quiche-engine.ts';
import { laneTransport } from './dialing.ts';
import { laneName, makeCertificate } from './own-certificate.ts';

const never = new AbortController().signal;

describe('F63, A12: whose certificate was not told over a link', () => {
  test('gets no further than the handshake, in either role', async () => {
    const [a, b] = [new LaneEnd('a'), await new LaneEnd('b').listen()];
    await using engine = await quicheEngine();
    const probe = createSocket('udp4');
    probe.bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address();
    await new Promise<void>((resolve) => probe.close(resolve));
    b.listens = { host: '127.0.0.1', port };
    const link = await a.dial(b.port);
    await expect.poll(() => link.lane?.carrier).toBe('quic');
    const stranger = makeCertificate('client', a.host);
    const come = (to: number, ca: Buffer): Promise<QuicConnection> =>
      engine.connect({
        address: { host: '127.0.0.1', port: to },
        serverName: laneName(b.host),
        credentials: { ca, cert: stranger.cert, key: stranger.key },
        transport: laneTransport,
        keepAliveMs: 2_000,
        handshakeMs: 2_000,
        signal: never,
      });
    await expect(come(port, stranger.cert)).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    await expect.poll(() => b.refused.length).toBeGreaterThan(0);
    // And who answers in b's place, with a certificate for b's name.
    const impostor = makeCertificate('server', b.host);
    await using there = await engine.listen({
      address: { host: '127.0.0.1', port: 0 },
      credentials: { ca: stranger.cert, cert: impostor.cert, key: impostor.key },
      transport: laneTransport,
      limits: defaultQuicLimits,
      onConnection: () => {},
    });
    await expect(come(there.address.port, stranger.cert)).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    expect(link.lane?.carrier).toBe('quic');
    await a.close();
    await b.close();
  });
});
