/**
 * A data plane that has run out of descriptors keeps running, does not spin, and serves again when there are some.
 *
 *     this test ── echo server ◄── plane in a child, ulimit -n low ◄── many clients
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PlaneChild, planeSources } from '../support/plane-child.ts';
import { connectTo, type Peer } from '../support/relay-peer.ts';
import { serve, type TargetServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { type Compiled, compile } from '../support/relay-worker.ts';

/** Node and two workers need some fifty of them. */
const NOFILE = 128;
/** More than can be served, each costing two. */
const CLIENTS = 120;

/**
 * The backlog is in order. What is given to a worker that is not running yet may be overtaken by what the other serves
 * meanwhile, as many as there is room for at once.
 */
const OVERTAKEN = NOFILE / 4;

let compiled: Compiled;
beforeAll(() => {
  compiled = compile(...planeSources);
});
afterAll(() => compiled?.[Symbol.dispose]());

/** CPU seconds a process has used, all threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th after it. 100 ticks a second.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function echoes(peer: Peer, text: string): Promise<void> {
  await peer.send(text);
  expect(await peer.text(text.length)).toBe(text);
}

test('out of descriptors, accepting pauses, what lives goes on, and all are served in the end (R26)', async () => {
  // Who was dialed for, in that order.
  const dialed: string[] = [];
  await using target: TargetServer = await serve(undefined, (socket) => {
    const place = dialed.push('') - 1;
    socket.once('data', (data) => (dialed[place] = data.toString()));
    socket.pipe(socket);
  });
  const lines = `
    const { route, port } = await open(${target.address.kind === 'ip' ? target.address.port : 0});
    process.on('SIGUSR2', () => say('member ' + JSON.stringify(route.stats().members[0])));
    say(String(port));`;
  await using child = new PlaneChild(compiled, lines, { nofile: NOFILE });
  const head = { host: '127.0.0.1', port: Number(await child.hear()) };
  const first = await connectTo(head);
  await echoes(first, 'first');

  // The kernel completes their handshakes; they wait in the backlog for somebody to accept them.
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(head)));
  for (const [i, client] of clients.entries()) await client.send(`client ${i}`);
  await until('accepting was reported to fail', () =>
    child.output.stdout.includes('accept: descriptors are running out'),
  );
  await until('nobody else is served', servedNoMore(clients));
  const served = clients.filter(({ held }) => held > 0);
  expect(served.length).toBeGreaterThan(0);
  expect(served.length).toBeLessThan(CLIENTS);

  const [before, began] = [cpuSeconds(child.pid), performance.now()];
  await pause(1500);
  const share = (cpuSeconds(child.pid) - before) / ((performance.now() - began) / 1000);
  expect(share, 'CPU seconds per second while it has nothing to do').toBeLessThan(0.5);
  await echoes(first, 'still there');

  // Each client that leaves makes room for another.
  const all = clients.map(async (client, i) => {
    expect(await client.text(`client ${i}`.length)).toBe(`client ${i}`);
    await client[Symbol.asyncDispose]();
  });
  await Promise.all(all);
  const order = dialed.flatMap((text) => /^client (\d+)$/.exec(text)?.slice(1).map(Number) ?? []);
  expect(order).toHaveLength(CLIENTS);
  const overtaken = order.map((n, at) => order.slice(at).filter((later) => later < n).length);
  expect(Math.max(...overtaken), 'earlier clients that one overtook').toBeLessThanOrEqual(OVERTAKEN);
  const last = await connectTo(head);
  await echoes(last, 'last');
  process.kill(child.pid, 'SIGUSR2');
  const said = await until('its health was told', () => /^member (.*)$/m.exec(child.output.stdout)?.[1]);
  expect(JSON.parse(said), 'what we lack is no fault of the target').toMatchObject({ failed: 0, up: true });
  for (const peer of [first, last]) await peer[Symbol.asyncDispose]();
  expect(child.output.stderr).toBe('');
});

/** True once a while has passed in which no further client heard anything. */
function servedNoMore(clients: readonly Peer[]): () => Promise<boolean> {
  return async () => {
    const count = (): number => clients.filter(({ held }) => held > 0).length;
    const before = count();
    await pause(300);
    return count() === before;
  };
}
