/** Conformance: connections that waited are served in order, had cost next to nothing, and tell how long it took. */
import { expect, test } from 'vitest';
import type { RouteOptions, ServedTrace } from '../../src/proxy/route.ts';
import { openDescriptors } from '../support/descriptors.ts';
import { echoServer, member, serve } from '../support/relay-targets.ts';
import { settle, until } from '../support/relay-wait.ts';
import { WaitingWorld } from '../support/waiting-world.ts';
import type { Lend } from './relay.ts';

const MANY = 1000;
/**
 * Each worker of the plane under test has a queue. A connection that one of two hands over to the other is on its way
 * for a moment, and may be overtaken by one that the other has just accepted: these few make up a queue per worker more.
 */
const QUEUES = 2 * 2;

/** See the module header. */
export function servedGroup(lend: Lend): void {
  const open = (options: Partial<RouteOptions> = {}): Promise<WaitingWorld> => WaitingWorld.open(lend(), options);

  test(`${MANY} of them cost a socket each, no more, and are dialed in the order they came`, async () => {
    await using target = await serve();
    await using bench = await open();
    const before = openDescriptors();
    const clients = [];
    for (let i = 0; i < MANY; i++) {
      const client = await bench.world.connect();
      await client.send(`${i}.`);
      clients.push(client);
    }
    await bench.waiting(MANY);
    // The clients' ends are in this process, too.
    expect(openDescriptors() - before).toBeLessThan(2 * MANY + 20);
    bench.oracle.answer([member(target.address)]);
    await until('all were dialed', () => target.peers.length === MANY);
    const order = await Promise.all(target.peers.map(numberOf));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: MANY }, (_, i) => i));
    expect(queues(order)).toBeLessThanOrEqual(QUEUES);
    expect(clients.every(({ ended }) => ended === undefined)).toBe(true);
  });

  test('the first one served tells when it came, was connected and heard its first byte', async () => {
    await using target = await echoServer();
    const traces: ServedTrace[] = [];
    await using bench = await open({ onServed: (trace) => traces.push(trace) });
    const began = Date.now();
    const clients = await bench.join(6);
    await settle();
    bench.oracle.answer([member(target.address)]);
    await bench.world.stats('all are dialed', ({ members }) => members[0]?.open === 6);
    await settle();
    expect(traces).toEqual([]);
    for (const client of [...clients, await bench.world.connect()]) {
      await client.send('x');
      expect(await client.text(1)).toBe('x');
    }
    await until('the first one was told of', () => traces.length > 0);
    await settle();
    expect(traces).toHaveLength(1);
    const { acceptedAt = 0, dialedAt = 0, firstByteAt = 0 } = traces[0] ?? {};
    const moments = [began - 1, acceptedAt, dialedAt, firstByteAt, Date.now() + 1];
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
  });

  test('each answer has a first one served', async () => {
    await using target = await echoServer();
    const traces: ServedTrace[] = [];
    await using bench = await open({ onServed: (trace) => traces.push(trace) });
    for (let n = 1; n <= 3; n++) {
      const [client] = await bench.join();
      await until('its question was put', () => bench.oracle.asked === n);
      bench.oracle.answer([member(target.address)], { validForMs: 0 });
      await client?.send('x');
      expect(await client?.text(1)).toBe('x');
      await until('it was told of', () => traces.length === n);
    }
  });
}

/** The number that a client said: digits, then a dot. */
async function numberOf(peer: { read(n: number): Promise<Buffer> }): Promise<number> {
  let text = '';
  while (!text.endsWith('.')) text += (await peer.read(1)).toString('latin1');
  return Number.parseInt(text, 10);
}

/** How many queues, each in order, could have been merged into `order`. */
function queues(order: readonly number[]): number {
  const tails: number[] = [];
  for (const n of order) {
    const at = tails.findIndex((tail) => tail < n);
    tails[at < 0 ? tails.length : at] = n;
  }
  return tails.length;
}
