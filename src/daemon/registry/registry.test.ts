/** The life of a wormhole after its creation: deleted, made again, closed. */
import { describe, expect, test } from 'vitest';
import { here } from '../../../test/support/fake-surroundings.ts';
import { failure, never, registryWorld, remembered } from '../../../test/support/registry-world.ts';
import { WormholeError } from '../../lib/errors.ts';

describe('delete', () => {
  test('closes the listener at once; living connections go on until they end', async () => {
    const { registry, surroundings, memory } = registryWorld();
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    const route = surroundings.plane.last;
    route.connect();
    const entry = await registry.remove('a', false);
    expect(entry.describe().state).toBe('draining');
    expect(route.listener).toBeUndefined();
    expect(route.closed).toBe(false);
    expect(memory.records.size).toBe(0);
    expect(registry.list()).toEqual([entry]);
    route.disconnect();
    await expect.poll(() => registry.list()).toEqual([]);
    expect(registry.totals()).toMatchObject({ connectionsOpen: 0, connectionsTotal: 1, bytesIn: 10 });
  });

  test('frees id and port for the next one while it drains', async () => {
    const { registry, surroundings } = registryWorld();
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    surroundings.plane.last.connect();
    await registry.remove('a', false);
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':82'], never);
    expect(registry.get('a').status.state).toBe('up');
    expect(registry.list().map((entry) => entry.describe().state)).toEqual(['up', 'draining']);
  });

  test('now ends living connections, also of one that drains', async () => {
    const { registry, surroundings } = registryWorld();
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    surroundings.plane.last.connect();
    await registry.remove('a', false);
    await registry.remove('a', true);
    expect(surroundings.plane.last.closed).toBe(true);
    await expect.poll(() => registry.list()).toEqual([]);
  });

  test('of an unknown id is an error, and twice at once counts once', async () => {
    const { registry, surroundings } = registryWorld();
    expect((await failure(registry.remove('a', false))).code).toBe('WH_ERR_WORMHOLE_NOT_FOUND');
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    surroundings.plane.last.connect();
    await Promise.all([registry.remove('a', true), registry.remove('a', true)]);
    await expect.poll(() => registry.totals().connectionsTotal).toBe(1);
  });

  test('that cannot be remembered keeps the wormhole', async () => {
    const { registry, memory } = registryWorld();
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    memory.failure = new WormholeError('WH_ERR_STATE', 'disk full');
    expect((await failure(registry.remove('a', false))).code).toBe('WH_ERR_STATE');
    expect(registry.get('a').status.state).toBe('up');
  });
});

describe('restore', () => {
  test('makes remembered wormholes again in order, on the port they had', async () => {
    const { registry, surroundings } = registryWorld();
    registry.remember([
      remembered('a', ['id', 'a', 'tail', 'url', ':81'], { port: 40_777 }),
      remembered('b', ['url', ':82', 'tail', 'url', ':81'], { sequence: 7 }),
    ]);
    expect(registry.list().map(({ id, status }) => [id, status.state])).toEqual([
      ['a', 'waiting'],
      ['b', 'waiting'],
    ]);
    await registry.restore(never);
    expect(registry.list().map((entry) => entry.describe().url)).toEqual([
      'tcp://127.0.0.1:40777',
      'tcp://127.0.0.1:82',
    ]);
    const next = await registry.create(['url', ':83', 'tail', 'url', ':81'], never);
    expect(next.record().sequence).toBe(8);
    expect(surroundings.plane.routes).toHaveLength(3);
  });

  test('of wormholes that lead in a circle the last one fails, and the others work', async () => {
    const { registry } = registryWorld();
    registry.remember([
      remembered('a', ['url', ':80', 'tail', 'url', ':81']),
      remembered('b', ['url', ':81', 'tail', 'url', ':80'], { sequence: 2 }),
    ]);
    await registry.restore(never);
    expect(registry.list().map(({ status }) => status)).toEqual([
      { state: 'up', reason: '' },
      {
        state: 'failed',
        reason: '127.0.0.1:80 leads back to this wormhole through a; choose another port or namespace',
      },
    ]);
    await registry.remove('a', true);
    await registry.close(0);
  });

  test('a container that is away is waited for', async () => {
    const { registry, surroundings } = registryWorld();
    registry.remember([remembered('a', ['url', ':80', 'docker-ns', 'db'])]);
    await registry.restore(never);
    expect(registry.get('a').status.state).toBe('waiting');
    await surroundings.move('container:db', here('db', 'net:[2]'));
    expect(registry.get('a').status.state).toBe('up');
  });

  test('a name that does not resolve yet is looked up again, also when nobody connects', async () => {
    const { registry, surroundings } = registryWorld();
    registry.remember([remembered('a', ['url', ':80', 'tail', 'url', 'late.example:81'])]);
    await registry.restore(never);
    expect(registry.get('a').status).toEqual({ state: 'failed', reason: 'late.example does not resolve' });
    surroundings.names.set('late.example', { addresses: ['10.0.0.1'], validForMs: 1000 });
    await expect.poll(() => registry.get('a').status.state).toBe('up');
    await registry.close(0);
  });

  test('one that fails stays listed with its reason, and can be deleted', async () => {
    const { registry, surroundings, memory } = registryWorld();
    surroundings.bound.add('net:[1] tcp 127.0.0.1:80');
    const records = [remembered('a', ['url', ':80', 'tail', 'url', ':81']), remembered('b', ['not', 'a', 'spec'])];
    for (const each of records) memory.records.set(each.id, each);
    registry.remember(records);
    await registry.restore(never);
    expect(registry.list().map(({ id, status }) => [id, status.state])).toEqual([
      ['a', 'failed'],
      ['b', 'failed'],
    ]);
    expect(memory.records.size).toBe(2);
    await registry.remove('b', false);
    expect([...memory.records.keys()]).toEqual(['a']);
    await registry.close(0);
  });
});

describe('close', () => {
  test('waits for connections, and a second call with 0 does not', async () => {
    const { registry, surroundings, memory } = registryWorld();
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    surroundings.plane.last.connect();
    const closing = registry.close(60_000);
    await expect.poll(() => surroundings.plane.last.calls).toContain('close 60000');
    expect(surroundings.plane.last.listener).toBeUndefined();
    await registry.close(0);
    await closing;
    expect(memory.records.has('a')).toBe(true);
    expect((await failure(registry.create(['url', ':82', 'tail', 'url', ':81'], never))).code).toBe('WH_ERR_ABORTED');
  });
});
