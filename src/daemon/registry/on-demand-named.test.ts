/** What `trigger` before a container that somebody else made promises. */
import { describe, expect, test } from 'vitest';
import { onDemand } from '../../../test/support/on-demand-world.ts';
import { failure } from '../../../test/support/registry-world.ts';
import { until } from '../../../test/support/relay-wait.ts';

describe('trigger docker-ns', () => {
  test('starts a stopped container, and leaves it alone at delete', async () => {
    const { create, ask, runner, registry } = onDemand('url', ':80', 'trigger', 'docker-ns', 'db');
    const { id } = runner.engine.add('db', { running: false, pid: 0, startedAt: '' });
    await create();
    await ask();
    expect(runner.journal).toEqual([`start ${id}`]);
    await registry.remove('shop', false);
    expect(runner.engine.containers[0]?.running).toBe(true);
  });

  test.each([
    ["nobody's", false, 'no container has the name'],
    ["another one's", true, "another container's now"],
  ])(
    'A32 refuses at once when its name is %s by the time it runs, and stops what it started',
    async (_, taken, why) => {
      const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-ns', 'db');
      const { id } = runner.engine.add('db', { running: false, pid: 0, startedAt: '' });
      runner.onStart = () => {
        runner.facts(id, { name: 'was-db' });
        if (taken) runner.engine.add('db');
      };
      await create();
      const { code, message } = await failure(ask());
      expect([code, message]).toEqual(['WH_ERR_CONTAINER_NOT_FOUND', expect.stringContaining(why)]);
      await until('it is stopped', () => runner.journal[1]);
      expect(runner.journal).toEqual([`start ${id}`, `stop ${id}`]);
    },
  );

  test('refuses a container that there is not', async () => {
    const { create } = onDemand('url', ':80', 'trigger', 'docker-ns', 'nobody');
    expect((await failure(create())).code).toBe('WH_ERR_CONTAINER_NOT_FOUND');
  });
});
