/** A member's addresses before and after the permit was asked. */
import { describe, expect, test } from 'vitest';
import { never } from '../../../test/support/registry-world.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { TargetPlan } from '../../spec/plan.ts';
import { makePlace, type Place } from '../places/place.ts';
import type { PermitTarget } from '../policy/permit.ts';
import { Member } from './member.ts';

const place = (): Place => makePlace({ label: 'host', namespaceId: 'net:[1]' });
const tcp = (host: string, more: Partial<TargetPlan> = {}): TargetPlan => ({
  protocol: 'tcp',
  namespace: { kind: 'host' },
  host,
  port: 80,
  ...more,
});

/** A member here, of names that mean what `names` says at the time, and what its permit was asked. */
async function member(plan: TargetPlan, names: Record<string, string[]> = {}, denied: readonly string[] = []) {
  const asked: PermitTarget[] = [];
  const made = new Member({
    index: 0,
    plan,
    label: 'web',
    surroundings: { resolve: (host) => Promise.resolve({ addresses: names[host] ?? [], validForMs: 0 }) },
    course: { goes: () => undefined, back: () => undefined },
    permit: (target) => {
      asked.push(target);
      if (denied.includes(target.host) || denied.includes(target.path ?? ''))
        throw new WormholeError('WH_ERR_POLICY', 'no');
    },
  });
  await made.moved({ state: 'here', place: place() });
  return { made, asked, names };
}

describe('the permit of a member', () => {
  test('A6 is asked about every address, each time there is one', async () => {
    const { made, asked } = await member(tcp('db'), { db: ['10.0.0.7', '10.0.0.8'] });
    await made.targets(never);
    await made.targets(never);
    expect(asked.map(({ host, port, protocol, own }) => ({ host, port, protocol, own }))).toEqual(
      ['10.0.0.7', '10.0.0.8', '10.0.0.7', '10.0.0.8'].map((host) => ({ host, port: 80, protocol: 'tcp', own: false })),
    );
  });

  test('A17 a name that comes to mean something else is denied then, and is allowed again afterwards', async () => {
    const { made, names } = await member(tcp('db'), { db: ['10.0.0.7'] }, ['169.254.169.254']);
    expect((await made.targets(never)).targets).toHaveLength(1);
    names['db'] = ['10.0.0.7', '169.254.169.254'];
    await expect(made.targets(never)).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(made.status).toMatchObject({ state: 'failed' });
    expect(made.failure).toMatchObject({ code: 'WH_ERR_POLICY' });
    names['db'] = ['10.0.0.7'];
    expect((await made.targets(never)).targets).toHaveLength(1);
    expect(made.failure).toBeUndefined();
  });

  test('A5 is asked about unix sockets, too', async () => {
    const unix = tcp('', { protocol: 'unix', port: 0, path: '/run/docker.sock' });
    const { made, asked } = await member(unix, {}, ['/run/docker.sock']);
    await expect(made.targets(never)).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(asked).toMatchObject([{ protocol: 'unix', host: '', port: 0, path: '/run/docker.sock' }]);
  });

  test('knows a container that was started for it', async () => {
    const { made, asked } = await member(tcp('127.0.0.1', { namespace: { kind: 'run' } }));
    await made.targets(never);
    expect(asked).toMatchObject([{ own: true }]);
  });
});

describe('a destination that a client named', () => {
  const connect = tcp('', { port: 0, connect: 'any', namespace: { kind: 'container', container: 'web' } });

  test('is looked up where the member is, and each of its addresses is permitted', async () => {
    const { made, asked } = await member(connect, { db: ['10.0.0.7', '10.0.0.8'] });
    expect((await made.targets(never)).targets).toEqual([]);
    expect(made.status).toMatchObject({ state: 'up' });
    const { targets } = await made.destination({ host: 'db', port: 3306 }, never);
    expect(targets.map(({ label, address }) => [label, address])).toEqual([
      ['web@db:3306', { kind: 'ip', host: '10.0.0.7', port: 3306 }],
      ['web@db:3306', { kind: 'ip', host: '10.0.0.8', port: 3306 }],
    ]);
    expect(asked.map(({ host, port }) => [host, port])).toEqual([
      ['10.0.0.7', 3306],
      ['10.0.0.8', 3306],
    ]);
  });

  test('A17 is denied when one address of its name is, and the member is none the worse', async () => {
    const { made } = await member(connect, { db: ['10.0.0.7', '169.254.169.254'] }, ['169.254.169.254']);
    const asking = made.destination({ host: 'db', port: 80 }, never);
    await expect(asking).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    await expect(made.destination({ host: '169.254.169.254', port: 80 }, never)).rejects.toThrow('no');
    expect(made.failure).toBeUndefined();
    const error = new WormholeError('WH_ERR_CONTAINER_STOPPED', 'stopped');
    await made.moved({ state: 'absent', reason: 'stopped', error });
    await expect(made.destination({ host: 'db', port: 80 }, never)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_STOPPED',
    });
  });
});
