/**
 * The descriptors of a data plane: no child inherits one, and no namespace is held longer than a wormhole leads there.
 *
 *     client ──► head ══ plane ══► room: echo on its own 127.0.0.1
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDataPlane } from '../../src/proxy/plane.ts';
import type { DataPlane, UpstreamTarget } from '../../src/proxy/route.ts';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { bindIp, localEndpoint, tcpSocketIn } from '../../src/sys/sockets.ts';
import { Netns } from '../support/netns.ts';
import { PlaneChild, planeSources } from '../support/plane-child.ts';
import { connectTo } from '../support/relay-peer.ts';
import { serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { type Compiled, compile } from '../support/relay-worker.ts';
import { RelayWorld } from '../support/relay-world.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

let compiled: Compiled;
let plane: DataPlane;
beforeAll(async () => {
  compiled = compile(...planeSources);
  plane = await startDataPlane({ workers: 2, workerUrl: compiled.url('proxy/thread/worker.ts') });
});
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]();
  compiled?.[Symbol.dispose]();
});

describe('a child of a process with a data plane', () => {
  test('inherits nothing: no listener, no client, no target, no pipe, no epoll (A30)', async () => {
    await using target = await serve();
    const lines = `
      import { execFileSync } from 'node:child_process';
      const list = () => execFileSync('ls', ['/proc/self/fd']).toString().trim().split(/\\s+/).join(' ');
      say(list());
      const plane = await startDataPlane({ workers: 2 });
      process.on('SIGUSR2', () => say(list()));
      const { port } = await open(${target.address.kind === 'ip' ? target.address.port : 0});
      say(String(port));`;
    await using child = new PlaneChild(compiled, lines, { unstarted: true });
    // The standard streams, what this test itself was started with, and the directory that `ls` reads.
    const before = await child.hear();
    expect(before).toMatch(/^0 1 2 /);
    await using client = await connectTo({ host: '127.0.0.1', port: Number(await child.hear()) });
    // A reader that does not read: bytes wait in a pipe.
    client.socket.write(Buffer.alloc(32 << 20));
    const reader = await until('the target was reached', () => target.peers[0]);
    reader.socket.pause();
    process.kill(child.pid, 'SIGUSR2');
    expect(await child.hear()).toBe(before);
  });
});

describe.skipIf(missing !== undefined)('targets in a namespace', () => {
  test('are reached there by every worker, and what is dialed next is at home (XT7)', async () => {
    using room = Netns.create();
    await using there = await echoIn(room.namespace);
    await using here = await echoIn(undefined, there.port);
    const inside: UpstreamTarget = { ...here.target, label: 'inside', member: 1, namespace: room.namespace };
    await using world = await RelayWorld.open(plane, [here.target, inside]);
    for (let i = 0; i < 40; i++) {
      const client = await world.connect();
      client.finish('x');
      expect(await client.text()).toBe('x');
    }
    // Each worker takes its turns by itself.
    expect(here.served() + there.served()).toBe(40);
    expect(Math.abs(here.served() - there.served())).toBeLessThanOrEqual(2);
  });

  test('end with the route: the namespace vanishes when its last name does (A30)', async () => {
    using other = Netns.create();
    {
      using room = Netns.create();
      // Whoever holds the room holds this cable, whose other end can be seen.
      room.ip('link', 'add', 'wh-cable', 'type', 'veth', 'peer', 'name', 'wh-cable', 'netns', other.name);
      await using there = await echoIn(room.namespace);
      const target: UpstreamTarget = { ...there.target, namespace: room.namespace };
      await using world = await RelayWorld.open(plane, [target]);
      for (let i = 0; i < 10; i++) {
        await world.retarget([target]);
        const client = await world.connect();
        client.finish('x');
        expect(await client.text()).toBe('x');
      }
      await until('all have ended', () => world.records.length === 10);
      expect(other.ip('-o', 'link')).toContain('wh-cable');
    }
    await until('the namespace is gone', () => !other.ip('-o', 'link').includes('wh-cable'));
  });

  test('of before are let go when the route follows a new namespace (A29, A30)', async () => {
    using other = Netns.create();
    using next = Netns.create();
    await using fresh = await echoIn(next.namespace);
    let world: RelayWorld | undefined;
    {
      using room = Netns.create();
      room.ip('link', 'add', 'wh-cable', 'type', 'veth', 'peer', 'name', 'wh-cable', 'netns', other.name);
      world = await RelayWorld.open(plane, [{ ...fresh.target, namespace: room.namespace }]);
      await world.retarget([{ ...fresh.target, namespace: next.namespace }]);
    }
    await until('the namespace is gone', () => !other.ip('-o', 'link').includes('wh-cable'));
    const client = await world.connect();
    client.finish('followed');
    expect(await client.text()).toBe('followed');
    await world[Symbol.asyncDispose]();
  });
});

/** An echo server on 127.0.0.1 of `namespace` (absent = here). */
async function echoIn(namespace: NetNamespace | undefined, port = 0) {
  const socket = tcpSocketIn(namespace, '127.0.0.1');
  bindIp(socket.fd, { host: '127.0.0.1', port });
  const bound = localEndpoint(socket.fd)?.port ?? 0;
  let served = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    served++;
    client.pipe(client);
  });
  server.listen({ fd: socket.release() });
  await once(server, 'listening');
  const target: UpstreamTarget = {
    member: 0,
    label: 'here',
    address: { kind: 'ip', host: '127.0.0.1', port: bound },
  };
  return {
    port: bound,
    target,
    served: () => served,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
