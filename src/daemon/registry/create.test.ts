/** What create promises: a wormhole that works, or nothing. */
import { describe, expect, test } from 'vitest';
import { here, stopped } from '../../../test/support/fake-surroundings.ts';
import { failure, never, registryWorld } from '../../../test/support/registry-world.ts';
import { WormholeError } from '../../lib/errors.ts';

describe('create', () => {
  test('listens, sets targets first, and remembers', async () => {
    const { registry, surroundings, memory } = registryWorld();
    const entry = await registry.create(['id', 'web', 'url', ':80', 'tail', 'url', '127.0.0.2:81'], never);
    expect(entry.describe()).toMatchObject({ id: 'web', url: 'tcp://127.0.0.1:80', state: 'up', reason: '' });
    expect(surroundings.plane.last.addresses).toEqual(['127.0.0.2:81']);
    expect(surroundings.plane.last.calls.indexOf('retarget')).toBeLessThan(
      surroundings.plane.last.calls.indexOf('listen'),
    );
    expect(memory.records.get('web')).toMatchObject({
      words: ['id', 'web', 'url', ':80', 'tail', 'url', '127.0.0.2:81'],
    });
  });

  test('makes an id that no wormhole has, and refuses one that is taken', async () => {
    const { registry } = registryWorld();
    await registry.create(['id', 'made-1', 'url', ':80', 'tail', 'url', ':81'], never);
    expect((await registry.create(['url', ':82', 'tail', 'url', ':81'], never)).id).toBe('made-2');
    const again = failure(registry.create(['id', 'made-2', 'url', ':83', 'tail', 'url', ':81'], never));
    expect((await again).code).toBe('WH_ERR_WORMHOLE_EXISTS');
  });

  test('of two at once with one id only one is made', async () => {
    const { registry } = registryWorld();
    const one = registry.create(['id', 'a', 'url', ':80', 'tail', 'url', ':81'], never);
    const other = registry.create(['id', 'a', 'url', ':82', 'tail', 'url', ':81'], never);
    expect((await failure(other)).code).toBe('WH_ERR_WORMHOLE_EXISTS');
    expect((await one).id).toBe('a');
  });

  test.each([
    ['unknown', undefined, 'WH_ERR_CONTAINER_NOT_FOUND'],
    ['stopped', stopped('db'), 'WH_ERR_CONTAINER_STOPPED'],
  ])('with a container that is %s leaves nothing', async (_, where, code) => {
    const { registry, surroundings, memory } = registryWorld();
    if (where !== undefined) await surroundings.move('container:db', where);
    expect((await failure(registry.create(['id', 'x', 'url', ':80', 'docker-ns', 'db'], never))).code).toBe(code);
    expect(surroundings.plane.last.closed).toBe(true);
    expect(surroundings.bound.size).toBe(0);
    expect(surroundings.followers).toBe(0);
    expect(registry.list()).toEqual([]);
    expect(memory.records.size).toBe(0);
    await surroundings.move('container:db', here('db', 'net:[2]'));
    expect((await registry.create(['id', 'x', 'url', ':80', 'docker-ns', 'db'], never)).status.state).toBe('up');
  });

  test('that cannot be remembered leaves nothing', async () => {
    const { registry, surroundings, memory } = registryWorld();
    memory.failure = new WormholeError('WH_ERR_STATE', 'disk full');
    expect((await failure(registry.create(['url', ':80', 'tail', 'url', ':81'], never))).code).toBe('WH_ERR_STATE');
    expect(surroundings.bound.size).toBe(0);
    expect(registry.list()).toEqual([]);
  });

  test('names the wormhole that holds the address', async () => {
    const { registry } = registryWorld();
    await registry.create(['id', 'first', 'url', ':80', 'tail', 'url', ':81'], never);
    const error = await failure(registry.create(['url', ':80', 'tail', 'url', ':82'], never));
    expect(error.code).toBe('WH_ERR_LISTEN');
    expect(error.message).toContain('wormhole first');
  });

  test('says that the address is in use when it is not ours', async () => {
    const { registry, surroundings } = registryWorld();
    surroundings.bound.add('net:[1] tcp 127.0.0.1:80');
    const error = await failure(registry.create(['url', ':80', 'tail', 'url', ':82'], never));
    expect(error.detail['errno']).toBe('EADDRINUSE');
  });

  test('waits for an address that comes up a moment later', async () => {
    const { registry, surroundings } = registryWorld();
    surroundings.missingAddresses.add('net:[1] 10.9.9.9');
    const making = registry.create(['url', '10.9.9.9:80', 'tail', 'url', ':82'], never);
    setTimeout(() => surroundings.missingAddresses.clear(), 50);
    expect((await making).status.state).toBe('up');
  });

  test('ends when the one who asked goes away, and leaves nothing', async () => {
    const { registry, surroundings } = registryWorld();
    surroundings.missingAddresses.add('net:[1] 10.9.9.9');
    const asking = new AbortController();
    const making = registry.create(['url', '10.9.9.9:80', 'tail', 'url', ':82'], asking.signal);
    setTimeout(() => asking.abort(new WormholeError('WH_ERR_ABORTED', 'gone')), 20);
    expect((await failure(making)).code).toBe('WH_ERR_ABORTED');
    expect(surroundings.plane.last.closed).toBe(true);
    expect(surroundings.followers).toBe(0);
  });

  test('refuses a loop that only shows when names are resolved', async () => {
    const { registry, surroundings } = registryWorld();
    surroundings.names.set('me.example', { addresses: ['127.0.0.1'], validForMs: 1000 });
    const error = await failure(registry.create(['url', ':80', 'tail', 'url', 'me.example:80'], never));
    expect(error.code).toBe('WH_ERR_SELF_PROXY');
    expect(surroundings.bound.size).toBe(0);
  });

  test.each(['', 'udp://'])('refuses a loop of %s wormholes each of which is well', async (scheme) => {
    const { registry, surroundings } = registryWorld();
    const make = (id: string, from: number, to: number) =>
      registry.create(['id', id, 'url', `${scheme}:${from}`, 'tail', 'url', `${scheme}:${to}`], never);
    await make('a', 1, 2);
    await make('b', 2, 3);
    expect(await failure(make('c', 3, 1))).toMatchObject({
      code: 'WH_ERR_SELF_PROXY',
      message: `${scheme}127.0.0.1:1 leads back to this wormhole through a, b; choose another port or namespace`,
    });
    expect(surroundings.bound.size).toBe(2);
    await registry.remove('b', true);
    expect((await make('c', 3, 1)).status.state).toBe('up');
  });

  test('names the wormholes of a loop to nobody whom they do not concern', async () => {
    const { registry } = registryWorld();
    await registry.create(['id', 'mine', 'url', ':1', 'tail', 'url', ':2'], never);
    const words = ['url', ':2', 'tail', 'url', ':1'];
    const error = await failure(registry.create(words, never, { owner: 'somebody' }));
    expect(error.message).toContain('leads back to this wormhole through another one');
  });

  test('refuses a loop that only shows when a container is looked at', async () => {
    const { registry, surroundings } = registryWorld();
    await surroundings.move('container:on-host', here('on-host', 'net:[1]'));
    const words = ['url', ':80', 'docker-ns', 'on-host'];
    expect((await failure(registry.create(words, never))).code).toBe('WH_ERR_SELF_PROXY');
  });

  test('shows no secret, and remembers the words as they were', async () => {
    const { registry } = registryWorld();
    const { spec } = (await registry.create(['label', 'a=b', 'url', ':80', 'tail', 'url', ':81'], never)).describe();
    expect(spec).toContain('label a=b');
  });
});
