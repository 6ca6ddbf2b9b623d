/**
 * Clients that do not wait to the end: a start goes on as long as anybody waits for it, and a half-closed client waits.
 */
import { describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { ask, dial } from '../support/local.ts';
import { containersOf, detailOf, echo, onDemandHost, statesOf, timesOf } from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('clients that leave while a container starts', () => {
  const { host, daemon } = onDemandHost();
  /** A service that takes so long to listen. */
  const create = (delayMs: number) =>
    daemon().create(['url', ':0', 'trigger', 'url', ':80', 'docker-run', `${ECHO} 80 ${delayMs}`]);
  const runs = (id: string) => until('it runs', async () => (await statesOf(host(), id))[0] === 'running');
  const starting = (id: string) => daemon().sees(id, 'starting', ({ state }) => state === 'starting');

  test.each(['RST', 'FIN before any byte'])(
    '%s of the only one: the start is given up, the next one starts it again',
    async (how) => {
      const { id, port } = await create(6000);
      const client = await dial(port);
      await runs(id);
      if (how === 'RST') client.reset();
      else client.finish();
      await daemon().sees(id, 'idle', ({ state }) => state === 'idle');
      await until('it was stopped', async () => (await statesOf(host(), id))[0] === 'exited');
      await client[Symbol.asyncDispose]();
      expect((await detailOf(daemon(), id)).segments[0]?.coldStarts[0]?.failure).toBe('nobody waits for it any more');
      await using _again = await dial(port);
      await runs(id);
      expect(await timesOf(host(), id, 'create')).toBe(1);
    },
  );

  test('one of two leaves: the other one is served', async () => {
    const { id, port } = await create(2500);
    await using staying = await dial(port);
    await starting(id);
    await using leaving = await dial(port);
    await runs(id);
    leaving.reset();
    await staying.send('still here');
    expect(await staying.text(10)).toBe('still here');
    expect(await timesOf(host(), id, 'start')).toBe(1);
  });

  test('who comes back at once finds the start still under way', async () => {
    const { id, port } = await create(4000);
    const impatient = await dial(port);
    await runs(id);
    impatient.reset();
    expect(await echo(port, 'again')).toBe('again');
    expect(await timesOf(host(), id, 'start')).toBe(1);
  });

  test('FIN after data is a half-close: it is served, and its bytes are counted in both directions', async () => {
    const { id, port } = await create(1000);
    expect(await ask(port, 'said all that I had to say')).toBe('said all that I had to say');
    const { stats } = await daemon().sees(id, 'done', ({ stats }) => stats.connectionsOpen === 0);
    expect(stats).toMatchObject({ connectionsTotal: 1, connectionsFailed: 0, bytesIn: 26, bytesOut: 26 });
  });

  test('deleted while it starts: who waits is closed, and nothing is left', async () => {
    const { id, port } = await create(60_000);
    await using client = await dial(port);
    await runs(id);
    expect((await daemon().wormhole('delete', '--now', id)).code).toBe(0);
    expect(await client.ending()).toMatch(/^(eof|ECONNRESET)$/);
    await until('it is removed', async () => (await containersOf(host(), id)).length === 0);
  });
});
