/**
 * A container that a connection starts: once, for all who come meanwhile, and told to who asks.
 *
 *     1,000 clients ──► wormholed ──► one container
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { EventReader } from '../support/event-reader.ts';
import { importImage, missingImages } from '../support/images.ts';
import { ask, dial } from '../support/local.ts';
import { detailOf, echo, onDemandHost, statesOf, timesOf } from '../support/on-demand-host.ts';
import type { Peer } from '../support/relay-peer.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho() ?? missingImages('pong');
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a container that a connection starts', () => {
  const { host, daemon } = onDemandHost();
  beforeAll(() => importImage(host(), 'pong'));

  test('WF10 an eager docker-run is there when create returns, and echoes', async () => {
    const { id, port } = await daemon().create('url :9000 tail url :9001 docker-run wormhole/pong');
    expect(port).toBe(9000);
    expect(await statesOf(host(), id)).toEqual(['running']);
    expect(await ask(9000, 'ping')).toBe('ping');
    // It answers once and ends; the next connection starts the same one again.
    await daemon().sees(id, 'idle', ({ state }) => state === 'idle');
    expect(await ask(9000, 'ping again')).toBe('ping again');
    expect(await timesOf(host(), id, 'create')).toBe(1);
    await daemon().wormhole('delete', id);
    expect(await statesOf(host(), id)).toEqual([]);
  });

  test('WF11 a chain goes through each of its listeners', async () => {
    const words = 'url :9000 chain url :9001 tail url :9002 docker-run'.split(' ');
    const { id } = await daemon().create([...words, 'wormhole/pong :9002']);
    expect(await ask(9000, 'ping')).toBe('ping');
    await until('the second is idle', async () => (await detailOf(daemon(), id)).segments[1]?.state === 'idle');
    expect(await ask(9001, 'in between')).toBe('in between');
    const { segments } = await detailOf(daemon(), id);
    expect(segments.map(({ stats }) => stats.connectionsTotal)).toEqual([1, 2]);
  });

  test('XT5 fifty first connections start one container, and all are served', async () => {
    const { id, port } = await daemon().create(['url', ':0', 'trigger', 'url', ':80', 'docker-run', `${ECHO} 80 300`]);
    expect(await statesOf(host(), id)).toEqual([]);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => echo(port, `client ${n}`)));
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => `client ${n}`));
    expect(await timesOf(host(), id, 'create')).toBe(1);
    expect(await timesOf(host(), id, 'start')).toBe(1);
  });

  test('a thousand first connections at once: one container, all served, none dropped', async () => {
    const { id, port } = await daemon().create(['url', ':0', 'trigger', 'url', ':80', 'docker-run', `${ECHO} 80 500`]);
    const clients: Peer[] = await Promise.all(Array.from({ length: 1000 }, () => dial(port)));
    try {
      const answers = await Promise.all(
        clients.map(async (client, n) => {
          const text = `client ${n}`;
          await client.send(text);
          return (await client.text(text.length)) === text;
        }),
      );
      expect(answers.filter(Boolean)).toHaveLength(1000);
      const { stats } = await daemon().look(id);
      expect(stats).toMatchObject({ connectionsOpen: 1000, connectionsTotal: 1000, connectionsFailed: 0 });
    } finally {
      for (const client of clients) client.reset();
    }
    expect(await timesOf(host(), id, 'create')).toBe(1);
    expect(await timesOf(host(), id, 'start')).toBe(1);
  });

  test('inspect shows the stations of a cold start, and events each state on the way', async () => {
    const { id, port } = await daemon().create(['url', ':0', 'trigger', 'url', ':80', 'docker-run', `${ECHO} 80 100`]);
    using events = new EventReader(daemon(), id);
    await until('the first event', () => events.states.includes('idle'));
    expect(await echo(port, 'hello')).toBe('hello');
    await until('it was told that it is up', () => events.states.includes('up'));
    expect(events.states).toEqual(['idle', 'starting', 'up']);

    const stations = await until('the first byte was noted', async () => {
      const [start] = (await detailOf(daemon(), id)).segments[0]?.coldStarts ?? [];
      const names = start?.stations.map(({ station }) => station) ?? [];
      return names.includes('first-byte') && names;
    });
    expect(stations).toEqual(['created', 'started', 'entered', 'ready', 'dialed', 'first-byte']);
    const { stdout } = await daemon().wormhole('inspect', id);
    expect(stdout).toMatch(/Cold starts\n.*: created .*started .*ready .*first-byte/);
  });
});
