import { afterEach, describe, expect, test } from 'vitest';
import { TunnelWorld } from '../../../test/support/tunnel-world.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { Where } from '../places/where.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

/** Where a container is, for a kernel that only remembers it. */
function somewhere(id: string, tier = 'db'): Where {
  const namespace = { id, duplicate: () => namespace, [Symbol.dispose]: () => undefined } as unknown as NetNamespace;
  const container = { name: 'app', labels: { tier } };
  return { state: 'here', place: { namespace, hostNetwork: false, container } } as unknown as Where;
}
const nowhere: Where = {
  state: 'absent',
  reason: 'it is stopped',
  error: new WormholeError('WH_ERR_CONTAINER_STOPPED', 'container app is not running'),
};
const denied = new WormholeError('WH_ERR_POLICY', 'the policy of peer a denies entering container app');

describe('the end of a tunnel in a container', () => {
  test('is taken away in there when only parts of it are left', async () => {
    world = new TunnelWorld();
    const { a } = world;
    await a.machine.move('container:app', somewhere('net:[7]'));
    const { local } = await a.create({ attach: 'app' });
    a.kernel.parts.set(local, ['interface']);
    a.start();
    await a.tunneling.restore();
    expect(await a.summary()).toEqual([expect.stringContaining('partial')]);
    for (const tunnel of a.tunneling.tunnels.list) await a.tunneling.tunnels.remove(tunnel);
    expect(a.kernel.swept.map(({ netns }) => netns?.id)).toEqual(['net:[7]']);
  });

  test('that was only begun is forgotten although its container is away by now, and nobody follows that any more', async () => {
    world = new TunnelWorld();
    const { a } = world;
    await a.machine.move('container:app', somewhere('net:[7]'));
    await a.create({ attach: 'app' });
    for (const where of [nowhere, somewhere('net:[8]')]) {
      const [tunnel] = a.tunneling.tunnels.list;
      await a.tunneling.tunnels.changed(tunnel as never, { phase: 'installing' });
      const before = a.kernel.swept.length;
      await a.tunneling.tunnels.release();
      await a.machine.move('container:app', where);
      a.start();
      await a.tunneling.restore();
      expect([await a.list(), a.machine.followers]).toEqual([[], 0]);
      expect(a.kernel.swept.length).toBe(before + 1);
      await a.machine.move('container:app', somewhere('net:[7]'));
      await a.create({ attach: 'app' });
    }
  });

  test('A6 follows no name to a container that the policy of its peer does not allow', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    b.judge = (identity, place) => {
      if (identity === 'common' && place?.container?.labels['tier'] !== 'db') throw denied;
    };
    await b.machine.move('container:app', somewhere('net:[7]', 'web'));
    await expect(a.create({ peerAttach: 'app' })).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    await b.machine.move('container:app', somewhere('net:[8]', 'db'));
    await a.create({ peerAttach: 'app' });
    expect([...b.kernel.kept.values()].map(({ shape }) => shape.netns?.id)).toEqual(['net:[8]']);
    await b.machine.move('container:app', somewhere('net:[9]', 'web'));
    await expect.poll(() => b.kernel.kept.size).toBe(0);
    expect((await b.list()).map(({ state, reason }) => [state, reason])).toEqual([['stale', denied.message]]);
    await b.machine.move('container:app', somewhere('net:[10]', 'db'));
    await expect.poll(() => [...b.kernel.kept.values()].map(({ shape }) => shape.netns?.id)).toEqual(['net:[10]']);
    // Its own people need no leave.
    b.judge = () => {
      throw denied;
    };
    await b.machine.move('container:mine', somewhere('net:[11]'));
    await b.create({ attach: 'mine' });
  });
});

describe('a tunnel that a peer has asked for', () => {
  test('goes with the next start when the policy says otherwise by then; one of our own people stays', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    await a.create();
    for (const end of [a, b]) {
      end.judge = () => {
        throw denied;
      };
      end.start();
      await end.tunneling.restore();
    }
    expect([a.kernel.kept.size, b.kernel.kept.size]).toEqual([1, 0]);
    expect((await b.list()).map(({ state, reason }) => [state, reason])).toEqual([['stale', denied.message]]);
    expect(b.kernel.swept).toHaveLength(1);
  });
});
