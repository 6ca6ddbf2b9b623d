/** Conformance: the PROXY protocol header comes first, once, and the bytes after it are the client's. */
import { expect, test } from 'vitest';
import { proxyHeader } from '../../src/proxy/stream/proxy-protocol.ts';
import { bytes } from '../support/relay-bytes.ts';
import type { Peer } from '../support/relay-peer.ts';
import { peerOf, serve } from '../support/relay-targets.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function headerGroup(lend: Lend): void {
  test('version 1 announces the client as text', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { proxyProtocol: 'v1' });
    const client = await world.connect();
    const { localPort, remotePort } = client.socket;
    client.finish('GET /');
    const served = await peerOf(target);
    expect(await served.text()).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${remotePort}\r\nGET /`);
  });

  test.for(['v1', 'v2'] as const)('%s goes ahead of large data, which stays exact', async (version) => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { proxyProtocol: version });
    const client = await world.connect();
    const data = bytes(2_000_000);
    client.finish(data);
    const served = await peerOf(target);
    const header = proxyHeader(version, endpoints(client));
    const got = await served.readAll();
    expect(got.subarray(0, header.length).equals(header)).toBe(true);
    expect(got.subarray(header.length).equals(data)).toBe(true);
    served.finish('ok');
    expect(await client.text()).toBe('ok');
    expect(await world.record()).toMatchObject({ bytesIn: data.length, bytesOut: 2 });
  });

  test.for(['v1', 'v2'] as const)('%s is sent before the client says anything', async (version) => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { proxyProtocol: version });
    const client = await world.connect();
    const header = proxyHeader(version, endpoints(client));
    const served = await peerOf(target);
    expect((await served.read(header.length)).equals(header)).toBe(true);
  });

  test('an IPv6 client is announced as one', async () => {
    await using target = await serve();
    const head = { host: '::1', port: 0 };
    await using world = await RelayWorld.open(lend(), [target], { proxyProtocol: 'v1', head });
    const client = await world.connect();
    const { localPort, remotePort } = client.socket;
    client.finish();
    const served = await peerOf(target);
    expect(await served.text()).toBe(`PROXY TCP6 0:0:0:0:0:0:0:1 0:0:0:0:0:0:0:1 ${localPort} ${remotePort}\r\n`);
  });

  test.for(['v1', 'v2'] as const)('%s tells that a unix client has no address', async (version) => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { proxyProtocol: version, head: 'unix' });
    const client = await world.connect();
    client.finish('x');
    const served = await peerOf(target);
    const header = Buffer.from(proxyHeader(version, undefined));
    expect((await served.readAll()).equals(Buffer.concat([header, Buffer.from('x')]))).toBe(true);
  });
}

function endpoints({ socket }: Peer): Parameters<typeof proxyHeader>[1] {
  return {
    sourceHost: '127.0.0.1',
    sourcePort: socket.localPort ?? 0,
    destHost: '127.0.0.1',
    destPort: socket.remotePort ?? 0,
  };
}
