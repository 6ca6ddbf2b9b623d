/**
 * Segments that hang on a container: planted in it before it has to be ready, planted again in the next one, gone with
 * the wormhole.
 *
 *     client ──► wormholed ──► shop ─(its own 127.0.0.1:3306)─► wormholed ──► db
 */
import { describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { containersOf, detailOf, echo, onDemandHost, timesOf } from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** A shop that listens only when its database, at its own localhost, has answered. */
const shop = `--name shop --entrypoint sh ${ECHO} -c 'until echo up | nc 127.0.0.1 3306 | cat | sh -c "read x"; do usleep 50000; done; exec service 80'`;
const db = (name: string): string => `--name ${name} ${ECHO} 3306`;

describe.skipIf(missing !== undefined)('a child', () => {
  const { host, daemon } = onDemandHost();
  const inside = (container: string): Promise<string> =>
    host().sh(container, 'echo question | nc 127.0.0.1 3306 | (read answer; echo $answer)');
  const names = async (): Promise<string[]> =>
    (await host().docker(['ps', '--format', '{{.Names}}']))
      .split('\n')
      .filter((name) => name !== '')
      .sort();

  test('lazy: everything is started by the first connection, the child before its parent is ready', async () => {
    const words = ['url', ':0', 'trigger', 'url', ':80', 'docker-run', shop];
    const child = ['child', 'url', ':3306', 'trigger', 'docker-run', db('db')];
    const { id, port } = await daemon().create([...words, ...child]);
    expect(await names()).toEqual([]);
    expect(await echo(port, 'hello')).toBe('hello');
    expect(await names()).toEqual(['db', 'shop']);
    const { segments } = await detailOf(daemon(), id);
    expect(segments[0]?.coldStarts[0]?.stations.map(({ station }) => station)).toContain('planted');
    await daemon().wormhole('delete', id);
    expect(await names()).toEqual([]);
    expect(await containersOf(host(), id)).toEqual([]);
  });

  test('eager: all of it is there when create returns', async () => {
    const words = ['url', ':0', 'tail', 'url', ':80', 'docker-run', shop];
    const child = ['child', 'url', ':3306', 'tail', 'docker-run', db('db')];
    const { id, port } = await daemon().create([...words, ...child]);
    expect(await names()).toEqual(['db', 'shop']);
    expect((await detailOf(daemon(), id)).segments.map(({ state }) => state)).toEqual(['up', 'up']);
    expect(await echo(port, 'hello')).toBe('hello');
  });

  test('is planted again when the container of its parent restarts, ends or is removed', async () => {
    const words = ['url', ':0', 'trigger', 'url', ':80', 'docker-run', `--name app ${ECHO}`];
    const child = ['child', 'url', ':3306', 'trigger', 'docker-run', db('db')];
    const { id, port } = await daemon().create([...words, ...child]);
    expect(await echo(port, 'one')).toBe('one');
    expect(await inside('app')).toBe('question');
    await host().docker(['restart', '--time', '0', 'app']);
    await until('it listens there again', async () => (await inside('app').catch(() => '')) === 'question');
    await host().docker(['rm', '--force', 'app']);
    await daemon().sees(id, 'idle', ({ state }) => state === 'idle');
    expect(await echo(port, 'two')).toBe('two');
    expect(await inside('app')).toBe('question');
    expect(await timesOf(host(), id, 'create')).toBe(3);
  });

  test('nested: the child of a child, and delete removes all of them', async () => {
    const words = ['url', ':0', 'trigger', 'url', ':80', 'docker-run', `--name app ${ECHO}`];
    const child = ['child', 'url', ':3306', 'trigger', 'docker-run', db('middle')];
    const grandchild = ['child', 'url', ':6379', 'trigger', 'docker-run', `--name last ${ECHO} 6379`];
    const { id, port } = await daemon().create([...words, ...child, ...grandchild]);
    expect(await echo(port, 'one')).toBe('one');
    expect(await names()).toEqual(['app']);
    expect(await inside('app')).toBe('question');
    expect(await names()).toEqual(['app', 'middle']);
    expect(await host().sh('middle', 'echo deep | nc 127.0.0.1 6379 | (read answer; echo $answer)')).toBe('deep');
    expect(await names()).toEqual(['app', 'last', 'middle']);
    expect((await detailOf(daemon(), id)).segments).toHaveLength(3);
    await daemon().wormhole('delete', '--now', id);
    expect(await names()).toEqual([]);
  });

  test('a database that fails is the reason, in ls and to the client, and both are tried again', async () => {
    const words = ['url', ':0', 'trigger', 'url', ':80', 'docker-run', `--name app ${ECHO}`];
    const child = ['child', 'url', ':3306', 'trigger', 'docker-run', `--pull never wormhole/nowhere`];
    const { id, port } = await daemon().create([...words, ...child]);
    expect(await echo(port, 'the shop itself runs')).toBe('the shop itself runs');
    expect(await inside('app').catch(() => '')).toBe('');
    const { reason } = await daemon().sees(id, 'failed', ({ state }) => state === 'failed');
    expect(reason).toMatch(/^child: .*wormhole\/nowhere/);
  });
});
