/**
 * What the portable data plane can do as root on Linux: targets in a namespace and in another root.
 */
import { mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PortableDataPlane, startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import { Raw } from '../../src/proxy/portable/raw.ts';
import type { UpstreamTarget } from '../../src/proxy/route.ts';
import { O_DIRECTORY, O_PATH } from '../../src/sys/constants.ts';
import { OwnedFd } from '../../src/sys/fd.ts';
import { openDescriptors } from '../support/descriptors.ts';
import { Netns } from '../support/netns.ts';
import { closedPort, member, namedServer } from '../support/relay-targets.ts';
import { UdpPeer, udpEcho } from '../support/relay-udp.ts';
import { until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';

let blue: Netns;
let plane: PortableDataPlane;
beforeAll(() => {
  blue = Netns.create();
});
afterAll(() => blue[Symbol.dispose]());
beforeEach(async () => {
  plane = await startPortableDataPlane({ raw: new Raw() });
});
afterEach(() => plane[Symbol.asyncDispose]());

const inBlue = (host: string, port: number, n = 0): UpstreamTarget => ({
  ...member({ host, port }, n),
  namespace: blue.namespace,
});

describe('targets in a namespace', () => {
  test.each(['127.0.0.1', '::1'])('a stream goes to %s of the namespace, not to that of the daemon', async (host) => {
    await using server = await blue.visit(() => namedServer('blue', { host, port: 0 }));
    if (server.address.kind !== 'ip') throw new Error('not an IP server');
    await using world = await RelayWorld.open(plane, [inBlue(host, server.address.port)]);
    const client = await world.connect();
    client.finish('!');
    expect(await client.text()).toBe('blue!');
  });

  test('who is refused there is told so', async () => {
    const { port } = await closedPort();
    await using world = await RelayWorld.open(plane, [inBlue('127.0.0.1', port)], { connectTimeoutMs: 1 });
    // It may be reset before it has seen that it is connected.
    await world.connect().catch(() => undefined);
    const detail = `connect ECONNREFUSED 127.0.0.1:${port}`;
    expect(await world.record()).toMatchObject({ reason: 'dial-failed', detail });
  });

  test('datagrams go there and back', async () => {
    await using server = await blue.visit(() => udpEcho());
    await using world = await RelayWorld.open(plane, [inBlue('127.0.0.1', server.port)], { kind: 'datagram' });
    await using client = await UdpPeer.bind();
    await client.send('hello', world.head as { host: string; port: number });
    expect(String((await client.datagram()).data)).toBe('hello');
  });

  test('a link-local address means the interface that is called so in the namespace', async () => {
    blue.ip('link', 'add', 'wh0', 'type', 'veth', 'peer', 'name', 'wh1');
    for (const name of ['wh0', 'wh1']) {
      blue.ip('link', 'set', name, 'up');
      blue.ip('address', 'add', `fe80::${name === 'wh0' ? 1 : 2}/64`, 'dev', name, 'nodad');
    }
    await using server = await blue.visit(() => namedServer('blue', { host: 'fe80::1%wh0', port: 9300 }));
    await using world = await RelayWorld.open(plane, [inBlue('fe80::1%wh0', 9300)]);
    const client = await world.connect();
    client.finish('!');
    expect(await client.text()).toBe('blue!');
    expect(server.accepted).toBe(1);
    const flows = RelayWorld.open(plane, [inBlue('fe80::1%wh0', 9300)], { kind: 'datagram' });
    await expect(flows).rejects.toMatchObject({ code: 'WH_ERR_UNSUPPORTED' });
  });

  test('new targets give up the descriptors of the old ones, and closing all of them', async () => {
    const world = await RelayWorld.open(plane, [inBlue('127.0.0.1', 1)]);
    const before = openDescriptors();
    for (let port = 2; port < 20; port++) await world.retarget([inBlue('127.0.0.1', port)]);
    expect(openDescriptors()).toBe(before);
    await world[Symbol.asyncDispose]();
    // its listener and the namespace
    await until('both are closed', () => openDescriptors() === before - 2);
  });
});

describe('targets in another root', () => {
  test('a path is looked up inside, and no link in it leads outside', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wh-'));
    try {
      mkdirSync(join(folder, 'root'));
      symlinkSync('/inside.sock', join(folder, 'root/link.sock'));
      await using _inside = await namedServer('inside', { path: join(folder, 'root/inside.sock') });
      using root = new OwnedFd(openSync(join(folder, 'root'), O_PATH | O_DIRECTORY));
      const target: UpstreamTarget = {
        ...member({ kind: 'unix', path: '/link.sock', root: { fd: root.fd } }),
      };
      await using world = await RelayWorld.open(plane, [target]);
      const client = await world.connect();
      client.finish('!');
      expect(await client.text()).toBe('inside!');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
