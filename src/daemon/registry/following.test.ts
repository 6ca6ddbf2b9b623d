/** Wormholes whose containers come and go. */
import { describe, expect, test } from 'vitest';
import { gone, here, stopped } from '../../../test/support/fake-surroundings.ts';
import { never, registryWorld } from '../../../test/support/registry-world.ts';

describe('following', () => {
  test('a head moves with its container: same id, port and counters', async () => {
    const { registry, surroundings, memory } = registryWorld();
    await surroundings.move('container:app', here('app', 'net:[2]'));
    const entry = await registry.create(['id', 'b', 'url', ':0', 'docker-ns', 'app', 'tail', 'url', ':81'], never);
    const { url } = entry.describe();
    const route = surroundings.plane.last;
    route.connect();
    await surroundings.move('container:app', stopped('app'));
    expect(registry.get('b').describe()).toMatchObject({
      state: 'waiting',
      reason: 'container app is not running',
      url,
    });
    expect(route.listener).toBeUndefined();
    await surroundings.move('container:app', here('app', 'net:[3]'));
    expect(registry.get('b').describe()).toMatchObject({ state: 'up', url, stats: { connectionsTotal: 1 } });
    expect([...surroundings.bound].join(' ')).toMatch(/^net:\[3\] tcp 127\.0\.0\.1:4\d+$/);
    expect(memory.records.get('b')).toMatchObject({ identities: { 'container:app': { by: 'name', name: 'app' } } });
    await surroundings.move('container:app', gone('app'));
    expect(registry.get('b').status.state).toBe('gone');
  });

  test('a head that cannot be re-opened is listed as failed', async () => {
    const { registry, surroundings } = registryWorld();
    await surroundings.move('container:app', here('app', 'net:[2]'));
    await registry.create(['id', 'a', 'url', ':80', 'docker-ns', 'app', 'tail', 'url', ':81'], never);
    surroundings.bound.add('net:[3] tcp 127.0.0.1:80');
    await surroundings.move('container:app', here('app', 'net:[3]'));
    expect(registry.get('a').describe()).toMatchObject({ state: 'failed' });
    expect(registry.get('a').describe().reason).toContain('EADDRINUSE');
    await registry.close(0);
  });

  test('targets move with their container, and a connection that comes meanwhile waits', async () => {
    const { registry, surroundings } = registryWorld();
    await surroundings.move('container:db', here('db', 'net:[2]'));
    await registry.create(['id', 'a', 'url', ':3306', 'docker-ns', 'db'], never);
    const route = surroundings.plane.last;
    await surroundings.move('container:db', stopped('db'));
    expect(registry.get('a').status).toEqual({ state: 'waiting', reason: 'container db is not running' });
    expect(route.targets).toEqual({ targets: [], validForMs: 0 });
    const asked = route.options.ask?.(never);
    await surroundings.move('container:db', here('db', 'net:[3]'));
    expect((await asked)?.targets).toHaveLength(1);
    expect(route.addresses).toEqual(['127.0.0.1:3306']);
  });

  test('of a pool one member is enough to be up', async () => {
    const { registry, surroundings } = registryWorld();
    await surroundings.move('container:one', here('one', 'net:[2]'));
    await surroundings.move('container:two', here('two', 'net:[3]'));
    await registry.create(['id', 'p', 'url', ':80', 'tail', 'docker-ns', 'one', 'also', 'docker-ns', 'two'], never);
    expect(surroundings.plane.last.targets.targets.map(({ member }) => member)).toEqual([0, 1]);
    await surroundings.move('container:one', stopped('one'));
    expect(registry.get('p').status.state).toBe('up');
    expect(surroundings.plane.last.targets.targets.map(({ member }) => member)).toEqual([1]);
  });

  test('names are asked for again', async () => {
    const { registry, surroundings } = registryWorld();
    surroundings.names.set('db.example', { addresses: ['10.0.0.1', '10.0.0.2'], validForMs: 1000 });
    await registry.create(['url', ':80', 'tail', 'url', 'db.example:81'], never);
    const route = surroundings.plane.last;
    expect(route.addresses).toEqual(['10.0.0.1:81', '10.0.0.2:81']);
    expect(route.targets.validForMs).toBe(1000);
    surroundings.names.set('db.example', { addresses: ['10.0.0.3'], validForMs: 1000 });
    const targets = await route.options.ask?.(never);
    expect(targets?.targets.map(({ label }) => label)).toEqual(['db.example:81']);
    surroundings.names.delete('db.example');
    await expect(route.options.ask?.(never)).rejects.toThrow('db.example does not resolve');
  });

  test('a name that comes to lead round is not followed there', async () => {
    const { registry, surroundings } = registryWorld();
    surroundings.names.set('db.example', { addresses: ['10.0.0.1'], validForMs: 1000 });
    await registry.create(['id', 'a', 'url', ':80', 'tail', 'url', 'db.example:81'], never);
    const route = surroundings.plane.last;
    await registry.create(['id', 'b', 'url', ':81', 'tail', 'url', ':80'], never);
    surroundings.names.set('db.example', { addresses: ['127.0.0.1'], validForMs: 1000 });
    await expect(route.options.ask?.(never)).rejects.toMatchObject({ code: 'WH_ERR_SELF_PROXY' });
    expect(registry.get('a').status).toMatchObject({ state: 'failed', reason: expect.stringContaining('through b') });
    expect(registry.get('b').status.state).toBe('up');
    surroundings.names.set('db.example', { addresses: ['10.0.0.2'], validForMs: 1000 });
    expect((await route.options.ask?.(never))?.targets).toHaveLength(1);
  });
});
