/** Wormholes of peers: what their policy says no to is never made, and theirs stay theirs. */
import { describe, expect, test } from 'vitest';
import { FakeMemory } from '../../../test/support/fake-memory.ts';
import { FakeSurroundings } from '../../../test/support/fake-surroundings.ts';
import { onDemand } from '../../../test/support/on-demand-world.ts';
import { failure, never, registryWorld, remembered } from '../../../test/support/registry-world.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Permit } from '../policy/permit.ts';
import { mayKnow } from '../wormhole/may-know.ts';

const words = ['id', 'web', 'url', ':80', 'tail', 'url', '127.0.0.2:81'];
const denied = (): never => {
  throw new WormholeError('WH_ERR_POLICY', 'the policy denies it');
};
const allowed: Permit = {
  dial: () => undefined,
  listen: () => undefined,
  wake: () => undefined,
  peer: () => undefined,
};

/** A registry whose peers may do what `permit` and `judge` let them. */
function world({
  permit = {},
  judge = () => Promise.resolve(),
}: {
  permit?: Partial<Permit>;
  judge?: () => Promise<void>;
}) {
  const surroundings = new FakeSurroundings();
  const asked: string[] = [];
  surroundings.policies = {
    judge: (owner) => {
      asked.push(`judge ${owner}`);
      return judge();
    },
    permit: (owner) => {
      asked.push(`permit ${owner}`);
      return { ...allowed, ...permit };
    },
    clients: () => undefined,
  };
  return { ...registryWorld(new FakeMemory(), surroundings), asked };
}

describe('a wormhole of a peer', () => {
  test('remembers whose it is, and people of this machine are nobody', async () => {
    const { registry, memory, asked } = world({});
    expect((await registry.create(words, never, { owner: 'shop' })).describe().owner).toBe('shop');
    expect(memory.records.get('web')).toMatchObject({ owner: 'shop' });
    expect(asked).toEqual(['judge shop', 'permit shop']);
    const mine = await registry.create(['id', 'mine', 'url', ':82', 'tail', 'url', ':81'], never);
    expect(mine.describe()).not.toHaveProperty('owner');
    expect(memory.records.get('mine')).not.toHaveProperty('owner');
    expect(asked).toHaveLength(2);
  });

  test('A26 is judged before anything is opened for it', async () => {
    const { registry, surroundings, memory } = world({ judge: async () => denied() });
    expect((await failure(registry.create(words, never, { owner: 'shop' }))).code).toBe('WH_ERR_POLICY');
    expect(surroundings.plane.routes).toEqual([]);
    expect(surroundings.engine.asked).toBe(0);
    expect(registry.list()).toEqual([]);
    expect(memory.records.size).toBe(0);
  });

  test('A6 is refused when an address of it turns out to be denied, and leaves nothing', async () => {
    for (const permit of [{ dial: denied }, { listen: denied }]) {
      const { registry, surroundings, memory } = world({ permit });
      expect((await failure(registry.create(words, never, { owner: 'shop' }))).code).toBe('WH_ERR_POLICY');
      expect(surroundings.bound.size).toBe(0);
      expect(surroundings.plane.last.closed).toBe(true);
      expect(memory.records.size).toBe(0);
    }
  });

  test('A6 obeys the policy after a restart as well', async () => {
    const made = world({ permit: { dial: denied } });
    made.registry.remember([remembered('web', words, { owner: 'shop' })]);
    await made.registry.restore(never);
    expect(made.asked).toEqual(['judge shop', 'permit shop']);
    expect(made.registry.get('web').status).toEqual({ state: 'failed', reason: 'the policy denies it' });
    expect(made.surroundings.plane.last.addresses).toEqual([]);

    const judged = world({ judge: async () => denied() });
    judged.registry.remember([remembered('web', words, { owner: 'shop' })]);
    await judged.registry.restore(never);
    expect(judged.registry.get('web').status).toEqual({ state: 'failed', reason: 'the policy denies it' });
    expect(judged.surroundings.bound.size).toBe(0);
    expect(judged.registry.get('web').record()).toMatchObject({ owner: 'shop' });
    expect(judged.registry.get('web').describe()).toMatchObject({ owner: 'shop' });
  });

  test('that would listen where another one does tells its peer no more than that, unless that is its own', async () => {
    const { registry } = world({});
    const at = (id: string, port: number): string[] => ['id', id, 'url', `:${port}`, 'tail', 'url', '127.0.0.2:81'];
    await registry.create(at('mine', 80), never);
    await registry.create(at('theirs', 81), never, { owner: 'other' });
    await registry.create(at('its-own', 82), never, { owner: 'shop' });
    for (const [port, holder] of [
      [80, 'mine'],
      [81, 'theirs'],
      [82, 'its-own'],
    ] as const) {
      const refused = await failure(registry.create(at('web', port), never, { owner: 'shop' }));
      expect(refused.code).toBe('WH_ERR_LISTEN');
      const told = `${refused.message} ${JSON.stringify(refused.detail)}`.includes(holder);
      expect(told, holder).toBe(holder === 'its-own');
      expect((await failure(registry.create(at('web', port), never))).message).toContain(`wormhole ${holder} listens`);
    }
    // Two that hold the common key are two.
    expect(mayKnow({ id: 'web~1', owner: 'common' }, { id: 'shop~1', owner: 'common' })).toBe(true);
    expect(mayKnow({ id: 'web~1', owner: 'common' }, { id: 'shop~2', owner: 'common' })).toBe(false);
  });

  test('A26 a connection does not wake a container that has come to be another one', async () => {
    const { ask, runner, registry, surroundings } = onDemand('url', ':80', 'trigger', 'docker-ns', 'db');
    runner.engine.add('db', { running: false, pid: 0, startedAt: '', labels: { tier: 'secret' } });
    const seen: unknown[] = [];
    surroundings.policies = {
      clients: () => undefined,
      judge: () => Promise.resolve(),
      permit: () => ({
        ...allowed,
        wake: ({ name, labels }) => {
          seen.push(name, labels);
          denied();
        },
      }),
    };
    await registry.create(['id', 'shop', 'url', ':80', 'trigger', 'docker-ns', 'db'], never, { owner: 'shop' });
    expect((await failure(ask())).code).toBe('WH_ERR_POLICY');
    expect(seen).toEqual(['db', { tier: 'secret' }]);
    expect(runner.journal).toEqual([]);
  });
});
