/**
 * Two workers share the work: connections are handed over to who has less of it, and none is lost on the way.
 *
 *     clients ──► head ══ two workers ══► echo server
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDataPlane } from '../../src/proxy/plane.ts';
import type { DataPlane } from '../../src/proxy/route.ts';
import { openDescriptors } from '../support/descriptors.ts';
import { PlaneChild, planeSources } from '../support/plane-child.ts';
import { connectTo } from '../support/relay-peer.ts';
import { echoServer, type TargetServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { type Compiled, compile } from '../support/relay-worker.ts';
import { RelayWorld } from '../support/relay-world.ts';

const CLIENTS = 64;
/** What the loads may differ by: 2, or an eighth, and one on its way. */
const SLACK = CLIENTS / 2 / 8 + 1;
const CHURN = 10_000;

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

const portOf = ({ address }: TargetServer): number => (address.kind === 'ip' ? address.port : 0);

/** How many descriptors each epoll instance of a process watches, by its number. */
function watched(pid: number): Map<string, number> {
  const epolls = readdirSync(`/proc/${pid}/fd`).filter(
    (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === 'anon_inode:[eventpoll]',
  );
  return new Map(
    epolls.map((fd) => [fd, readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1').split('tfd:').length - 1]),
  );
}

/** Says something, hears it, and goes. */
async function visit(head: Parameters<typeof connectTo>[0], text: string): Promise<void> {
  await using client = await connectTo(head);
  client.finish(text);
  expect(await client.text()).toBe(text);
}

test(`${CLIENTS} clients that come one after the other are spread over the workers`, async () => {
  await using target = await echoServer();
  await using child = new PlaneChild(compiled, `const { port } = await open(${portOf(target)}); say(String(port));`);
  const head = { host: '127.0.0.1', port: Number(await child.hear()) };
  const before = watched(child.pid);
  const clients = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = await connectTo(head);
    clients.push(client);
    await client.send('x');
    await client.read(1);
  }
  // Each connection has two sockets in the epoll instance of its worker.
  const more = [...watched(child.pid)].map(([fd, n]) => (n - (before.get(fd) ?? 0)) / 2).filter((n) => n > 0);
  expect(more.reduce((sum, n) => sum + n, 0)).toBe(CLIENTS);
  expect(more).toHaveLength(2);
  expect(Math.abs((more[0] ?? 0) - (more[1] ?? 0))).toBeLessThanOrEqual(SLACK);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

test(`${CHURN} connections that come and go are all served, and leave nothing open`, async () => {
  await using target = await echoServer();
  await using world = await RelayWorld.open(plane, [target]);
  await visit(world.head, 'first');
  const before = openDescriptors();
  let left = CHURN;
  const client = async (): Promise<void> => {
    while (left > 0) await visit(world.head, `client ${left--}`);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const stats = await world.stats('all have ended', ({ connectionsOpen }) => connectionsOpen === 0);
  expect(stats).toMatchObject({ connectionsTotal: CHURN + 1, connectionsFailed: 0 });
  await until('all descriptors are closed', () => openDescriptors() <= before);
});

test('a route that is closed under a flood serves whoever was there before, and leaves nothing open', async () => {
  await using target = await echoServer();
  const before = openDescriptors();
  for (let round = 0; round < 5; round++) {
    await using world = await RelayWorld.open(plane, [target]);
    const { head } = world;
    let flooding = true;
    const flood = async (): Promise<void> => {
      while (flooding) {
        // Who comes after the end is refused, who comes with it may be reset.
        await visit(head, 'flood').catch(() => undefined);
      }
    };
    const floods = Array.from({ length: CLIENTS }, flood);
    const early = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(head)));
    const closing = world.route.close(60_000);
    for (const [i, client] of early.entries()) client.finish(`early ${i}`);
    const answers = await Promise.all(early.map((client) => client.text()));
    expect(answers).toEqual(early.map((_, i) => `early ${i}`));
    flooding = false;
    await Promise.all(floods);
    for (const client of early) await client[Symbol.asyncDispose]();
    await closing;
    expect(world.route.stats()).toMatchObject({ connectionsOpen: 0, connectionsFailed: 0 });
  }
  await until('all descriptors are closed', () => openDescriptors() <= before);
});
