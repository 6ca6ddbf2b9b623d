/**
 * The line between a data plane in another thread and its user: whose descriptors are whose, and what becomes of both
 * ends when one goes. Both ends run in one thread here, but where a thread has to die.
 */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openIpListener } from '../../src/proxy/head/listener.ts';
import { startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import { Raw } from '../../src/proxy/portable/raw.ts';
import { type PortedDataPlane, planeOver } from '../../src/proxy/ported/client.ts';
import { type ServedPlane, servePlane } from '../../src/proxy/ported/server.ts';
import type { UpstreamTarget } from '../../src/proxy/route.ts';
import { openDescriptors } from '../support/descriptors.ts';
import { clientOf, link } from '../support/link-world.ts';
import { Netns } from '../support/netns.ts';
import { PORTED_SOURCES, startPortedPlane } from '../support/ported-plane.ts';
import { Oracle } from '../support/relay-oracle.ts';
import { connectTo } from '../support/relay-peer.ts';
import { connectedSocket, echoServer, member } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { compile } from '../support/relay-worker.ts';
import { plainRoute } from '../support/route-options.ts';
import { pairsInMemory } from '../support/stream-pair.ts';

const always = { validForMs: Number.POSITIVE_INFINITY };

const listener = () => openIpListener({ protocol: 'tcp', host: '127.0.0.1', port: 0 });

describe('the line', () => {
  let before: number;
  let served: ServedPlane;
  let plane: PortedDataPlane;
  beforeEach(async () => {
    before = openDescriptors();
    const { port1, port2 } = new MessageChannel();
    served = servePlane(await startPortableDataPlane({ raw: new Raw() }), port2);
    plane = planeOver(port1);
  });
  afterEach(() => plane[Symbol.asyncDispose]());

  test('a route is found by its number, to bring clients to it, until it is closed', async () => {
    await using target = await echoServer();
    using pairs = await pairsInMemory();
    const route = await plane.open(plainRoute);
    await route.retarget({ targets: [member(target.address)], ...always });
    const [near, far] = await pairs.pair();
    served.route(route.number)?.take(clientOf(near));
    far.end('hello');
    expect(String(await until('it came back', () => far.read() as Buffer | null))).toBe('hello');
    await route.close(0);
    expect(served.route(route.number)).toBeUndefined();
  });

  test('an error arrives with its code', async () => {
    const route = await plane.open(plainRoute);
    await expect(route.retarget({ targets: [link], ...always })).rejects.toMatchObject({ code: 'WH_ERR_UNSUPPORTED' });
    const many = Array.from({ length: 65 }, (_, n) => member({ host: '127.0.0.1', port: 1 }, n));
    await expect(route.retarget({ targets: many, ...always })).rejects.toMatchObject({ code: 'WH_ERR_LIMIT' });
    const bad: UpstreamTarget = member({ host: 'not an address', port: 1 });
    await expect(route.retarget({ targets: [bad], ...always })).rejects.toMatchObject({ code: 'WH_ERR_INTERNAL' });
  });

  test('every descriptor that crossed is closed with the route', async () => {
    using blue = Netns.create();
    const target: UpstreamTarget = { ...member({ host: '127.0.0.1', port: 1 }), namespace: blue.namespace };
    const open = openDescriptors();
    const route = await plane.open(plainRoute);
    await route.listen(listener().socket);
    for (let n = 0; n < 5; n++) await route.retarget({ targets: [target], ...always });
    await route.listen(listener().socket);
    await route.close(0);
    await until('all are closed', () => openDescriptors() <= open);
  });

  test('what comes for a route that is closed is closed, too', async () => {
    using blue = Netns.create();
    const target: UpstreamTarget = { ...member({ host: '127.0.0.1', port: 1 }), namespace: blue.namespace };
    const open = openDescriptors();
    const route = await plane.open(plainRoute);
    await route.close(0);
    await route.listen(listener().socket);
    await route.retarget({ targets: [target], ...always });
    await until('all are closed', () => openDescriptors() <= open);
  });

  test('an answer that comes after its route was closed leaves nothing behind', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    const route = await plane.open({ ...plainRoute, ask: oracle.ask });
    const { socket, port } = listener();
    await route.listen(socket);
    await using client = await connectTo({ host: '127.0.0.1', port });
    await until('the question was put', () => oracle.asked === 1);
    await using given = await connectedSocket(target.address);
    await route.close(0);
    expect(oracle.withdrawn).toEqual([true]);
    oracle.answer([member(target.address)], { connected: { member: 0, socket: given.socket } });
    await until('it was closed', () => !given.socket.open);
    expect(await client.ending()).toMatch(/eof|ECONNRESET/);
  });

  test('an answer that cannot be used is a refusal, and the next question is put', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    const route = await plane.open({ ...plainRoute, ask: oracle.ask });
    const { socket, port } = listener();
    await route.listen(socket);
    await using first = await connectTo({ host: '127.0.0.1', port });
    await until('the question was put', () => oracle.asked === 1);
    oracle.answer([link]);
    expect(await first.ending()).toMatch(/eof|ECONNRESET/);
    await using second = await connectTo({ host: '127.0.0.1', port });
    await until('it was put again', () => oracle.asked === 2);
    oracle.answer([member(target.address)]);
    second.finish('hello');
    expect(await second.text()).toBe('hello');
  });

  test('when its user goes, the plane ends its routes', async () => {
    const route = await plane.open(plainRoute);
    const { socket, port } = listener();
    await route.listen(socket);
    await plane[Symbol.asyncDispose]();
    await expect(connectTo({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await until('nothing is left open', () => openDescriptors() <= before);
  });

  test('when the plane ends, what waits for it is rejected, and nothing new is taken', async () => {
    const route = await plane.open(plainRoute);
    await served.close();
    await expect(route.unlisten()).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    const { socket } = listener();
    await expect(route.listen(socket)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    expect(socket.open).toBe(false);
    await expect(plane.open(plainRoute)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await route.close(1000);
  });
});

test('a thread that dies rejects what waits, withdraws its questions, and counts no further', async () => {
  using compiled = compile(...PORTED_SOURCES);
  const plane = startPortedPlane(compiled, () => undefined);
  await using target = await echoServer();
  const oracle = new Oracle();
  const asking = await plane.open({ ...plainRoute, ask: oracle.ask });
  const { socket, port } = listener();
  await asking.listen(socket);
  await using _client = await connectTo({ host: '127.0.0.1', port });
  await until('the question was put', () => oracle.asked === 1);
  const draining = asking.close(60_000);
  const route = await plane.open(plainRoute);
  await route.retarget({ targets: [member(target.address)], ...always });
  await plane.kill();
  await draining;
  await until('it was withdrawn', () => oracle.withdrawn[0]);
  await expect(route.retarget({ targets: [], ...always })).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  expect(route.stats().members).toEqual([expect.objectContaining({ member: 0, open: 0 })]);
  await plane[Symbol.asyncDispose]();
});
