/**
 * Datagrams through a real daemon.
 *
 *     clients ──► wormholed ──► echo, all on 127.0.0.1
 */
import { describe, expect, test } from 'vitest';
import { bytes } from '../support/relay-bytes.ts';
import { UdpPeer, udpEcho } from '../support/relay-udp.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();

describe('datagrams', () => {
  test.each([0, 1, 1200, 9000, 65_507])('XT20: %i bytes arrive as they were, both ways', async (size) => {
    await using echo = await udpEcho();
    const { port, url } = await daemon().create(`url udp://:0 tail url :${echo.port}`);
    expect(url).toBe(`udp://127.0.0.1:${port}`);
    await using client = await UdpPeer.bind();
    const sent = bytes(size, size);
    await client.send(sent, { host: '127.0.0.1', port });
    const { data, port: from } = await client.datagram();
    expect(echo.received[0]?.data.equals(sent)).toBe(true);
    expect(data.equals(sent)).toBe(true);
    // Answered by whom it was sent to.
    expect(from).toBe(port);
  });

  test('each client has its own answers, its own way, and is counted', async () => {
    await using echo = await udpEcho();
    const { port, id } = await daemon().create(`url udp://:0 tail url :${echo.port}`);
    const clients = await Promise.all(Array.from({ length: 32 }, () => UdpPeer.bind()));
    try {
      for (const [n, client] of clients.entries()) await client.send(`client ${n}`, { host: '127.0.0.1', port });
      for (const [n, client] of clients.entries()) {
        expect((await client.datagram()).data.toString()).toBe(`client ${n}`);
        expect(client.received).toHaveLength(1);
      }
      expect(new Set(echo.received.map((one) => one.port)).size).toBe(32);
      const { stats } = await daemon().sees(id, 'counted', (one) => one.stats.datagramsOut === 32);
      expect(stats).toMatchObject({ datagramsIn: 32, datagramsDropped: 0, connectionsOpen: 32 });
    } finally {
      for (const client of clients) await client[Symbol.asyncDispose]();
    }
  });

  test('conn-idle ends a flow without a datagram, and its next datagram begins another one', async () => {
    await using echo = await udpEcho();
    const { port, id } = await daemon().create(`url udp://:0 tail url :${echo.port} conn-idle 300ms`);
    await using client = await UdpPeer.bind();
    const to = { host: '127.0.0.1', port };
    await client.send('one', to);
    await client.datagram();
    await daemon().sees(id, 'ended', ({ stats }) => stats.connectionsOpen === 0);
    await client.send('two', to);
    await client.datagram(1);
    await daemon().sees(id, 'counted', ({ stats }) => stats.connectionsTotal === 2);
  });

  test('an unreachable target kills nothing: it is served as soon as it is there', async () => {
    const placeholder = await UdpPeer.bind();
    const { port: free } = placeholder;
    await placeholder[Symbol.asyncDispose]();
    const { port, id } = await daemon().create(`url udp://:0 tail url :${free}`);
    await using client = await UdpPeer.bind();
    const to = { host: '127.0.0.1', port };
    for (let i = 0; i < 5; i++) await client.send('anybody?', to);
    await daemon().sees(id, 'counted', ({ stats }) => stats.datagramsIn + stats.datagramsDropped >= 5);
    await using _echo = await udpEcho('127.0.0.1', free);
    await expect
      .poll(async () => {
        await client.send('now?', to);
        return client.received.map(({ data }) => data.toString());
      })
      .toContain('now?');
  });

  test('IPv6, and an answer that leaves from the address that was asked', async () => {
    await using echo = await udpEcho('::1');
    const { port } = await daemon().create(`url udp://0.0.0.0:0 tail url [::1]:${echo.port}`);
    await using client = await UdpPeer.bind();
    await client.send('x', { host: '127.0.0.7', port });
    expect(await client.datagram()).toMatchObject({ host: '127.0.0.7', port });
  });
});
