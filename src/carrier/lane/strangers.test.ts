import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { LaneEnd } from '../../../test/support/lane-end.ts';
import { defaultQuicLimits } from '../quic/config.ts';
import type { QuicConnection, QuicEngine } from '../quic/engine.ts';
import { quicheEngine } from '../quic/quiche-engine.ts';
import { laneTransport } from './dialing.ts';
import { laneName, makeCertificate, type OwnCertificate } from './own-certificate.ts';
import { takeTerms } from './terms.ts';

const never = new AbortController().signal;

/** Dials a lane of `b` by hand. */
function come(
  engine: QuicEngine,
  b: LaneEnd,
  { port, ca, own }: { readonly port: number; readonly ca: Buffer; readonly own: OwnCertificate },
): Promise<QuicConnection> {
  return engine.connect({
    address: { host: '127.0.0.1', port },
    serverName: laneName(b.host),
    credentials: { ca, cert: own.cert, key: own.key },
    transport: laneTransport,
    keepAliveMs: 2_000,
    handshakeMs: 2_000,
    signal: never,
  });
}

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
    const own = makeCertificate('client', a.host);
    await expect(come(engine, b, { port, ca: own.cert, own })).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    await expect.poll(() => b.refused.length).toBeGreaterThan(0);
    // And who answers in b's place, with a certificate for b's name.
    const impostor = makeCertificate('server', b.host);
    await using there = await engine.listen({
      address: { host: '127.0.0.1', port: 0 },
      credentials: { ca: own.cert, cert: impostor.cert, key: impostor.key },
      transport: laneTransport,
      limits: defaultQuicLimits,
      onConnection: () => {},
    });
    await expect(come(engine, b, { port: there.address.port, ca: own.cert, own })).rejects.toMatchObject({
      code: 'WH_ERR_PEER_AUTH',
    });
    expect(link.lane?.carrier).toBe('quic');
    await a.close();
    await b.close();
  });

  test('nor does one that was told by an earlier of two asks at once', async () => {
    const [a, b] = [new LaneEnd('a', false), await new LaneEnd('b').listen()];
    await using engine = await quicheEngine();
    const link = await a.dial(b.port, { quic: false });
    const [first, second] = [makeCertificate('client', a.host), makeCertificate('client', a.host)];
    const ask = ({ told }: OwnCertificate): Promise<Duplex> =>
      link.openStream({ kind: 'quic', certificate: told }, never);
    const [earlier, later] = await Promise.allSettled([ask(first), ask(second)]);
    expect(earlier).toMatchObject({ status: 'rejected', reason: { code: 'WH_ERR_ABORTED' } });
    if (later.status === 'rejected') throw later.reason;
    const { port, pem } = await takeTerms(later.value);
    await expect(come(engine, b, { port, ca: pem, own: first })).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    expect((await come(engine, b, { port, ca: pem, own: second })).peer).toBeDefined();
    await expect.poll(() => b.links.all[0]?.lane?.carrier).toBe('quic');
    await a.close();
    await b.close();
  });
});
