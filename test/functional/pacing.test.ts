/**
 * Where the system paces TCP, connections of a machine and between neighbours are spared it; those that lead far are not.
 *
 *     a ── b        at once
 *     a ── c        10 ms there and back
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { congestionIn, missingBbr, useCongestion } from '../support/congestion.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { connectFrom } from '../support/netns-sockets.ts';

const missing = missingBbr();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('with BBR as the algorithm of the system', () => {
  let world: Hosts & { readonly a: Host; readonly b: Host; readonly c: Host };
  beforeAll(async () => {
    const down = true;
    const hosts = { a: { down }, b: { down }, c: { down, path: { delayMs: 5 } } };
    world = await Hosts.start({ hosts });
    for (const host of [world.a, world.b, world.c]) {
      useCongestion(host.netns, 'bbr');
      await host.up();
    }
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test('both sockets of a relay on one machine are not paced', async () => {
    const { a } = world;
    await using server = await a.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 tail url :${server.port}`);
    await using client = await a.connect(port);
    await client.send('here');
    expect(await client.text(4)).toBe('here');
    expect(congestionIn(a.netns, `sport = :${port}`)).toEqual(['reno']);
    expect(congestionIn(a.netns, `dport = :${server.port}`)).toEqual(['reno']);
  });

  test('a client from afar, and a target there, are paced as the system says', async () => {
    const { a, c } = world;
    await using server = await c.serve((socket) => socket.pipe(socket), { host: c.site.v4 });
    const { port } = await a.daemon.create(`url 0.0.0.0:0 tail url ${c.site.v4}:${server.port}`);
    await using client = await connectFrom(c.netns.namespace, { host: a.site.v4, port });
    await client.send('there');
    expect(await client.text(5)).toBe('there');
    expect(congestionIn(a.netns, `sport = :${port}`)).toEqual(['bbr']);
    expect(congestionIn(a.netns, `dport = :${server.port}`)).toEqual(['bbr']);
  });

  test.each([
    ['a neighbour is not', 'b', 'reno'],
    ['a peer that is far away is', 'c', 'bbr'],
  ] as const)('a link to %s paced, at either end', async (_, name, algorithm) => {
    const { a } = world;
    const far = world[name];
    const { v4, v6 } = far.site;
    await using server = await far.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote ${name} tail url :${server.port}`);
    await using client = await a.connect(port);
    await client.send('over');
    expect(await client.text(4)).toBe('over');
    expect(congestionIn(a.netns, `( dst ${v4} or dst [${v6}] ) and dport = :9999`)).toEqual([algorithm]);
    expect(congestionIn(far.netns, 'sport = :9999')).toEqual([algorithm]);
    // Those that are carried stay on their machines.
    expect(congestionIn(a.netns, `sport = :${port}`)).toEqual(['reno']);
    expect(congestionIn(far.netns, `dport = :${server.port}`)).toEqual(['reno']);
  });

  // Last: it makes b dial a.
  test('a target that a peer waits for until it is ready, and that is far, is paced as well', async () => {
    const { a, b, c } = world;
    await using server = await c.serve((socket) => socket.pipe(socket), { host: c.site.v4 });
    const { port } = await b.daemon.create(`url :0 remote a trigger url ${c.site.v4}:${server.port}`);
    await using client = await b.connect(port);
    await client.send('ready');
    expect(await client.text(5)).toBe('ready');
    expect(congestionIn(a.netns, `dport = :${server.port}`)).toEqual(['bbr']);
  });
});
