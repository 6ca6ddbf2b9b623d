import { describe, expect, test } from 'vitest';
import { RemoteWorld } from '../../../../test/support/remote-world.ts';
import type { LinkFacts } from '../../../carrier/link/facts.ts';
import { tunnelWay } from './far-way.ts';

const never = new AbortController().signal;
const tunnel = () => tunnelWay('tunnel', () => Promise.resolve({ remote: '100.64.0.3' }));
const link = { number: 1 } as LinkFacts;

describe('the way to a guest through a tunnel', () => {
  test('leads to where the guest listens on its end', async () => {
    const { request, address } = await tunnel().prepare(never);
    expect(request).toEqual({ tunnel: true });
    expect(address('x', { url: 'tcp://100.64.0.3:3306' })(link)).toEqual({
      kind: 'ip',
      host: '100.64.0.3',
      port: 3306,
    });
  });

  test.each([
    'tcp://127.0.0.1:22',
    'tcp://100.64.0.3:0',
    'tcp://100.64.0.3:65536',
    'tcp://100.64.0.3:99999',
    'tcp://100.64.0.3:1.5',
    'tcp://100.64.0.3:1e3',
    'tcp://100.64.0.3:1:2',
    'tcp://100.64.0.3',
    '',
    'tcp://[::1]:9999',
    'tcp://[::1:9999',
  ])('W5 a peer cannot lead this host to %j', async (url) => {
    const { address } = await tunnel().prepare(never);
    expect(() => address('x', { url })).toThrowError(expect.objectContaining({ code: 'WH_ERR_PROTOCOL' }));
  });

  test('goes on without the link, and is found again with another process at its other end', async () => {
    const world = new RemoteWorld(undefined, tunnel());
    world.url = 'tcp://100.64.0.3:1';
    world.linked(1);
    await world.rest.ensure(never, true);
    world.outage.begin('it was kicked');
    expect(world.rest.member.status.state).toBe('up');
    world.linked();
    expect(world.rest.member.here).toBe(true);
    world.linked(2);
    expect([world.rest.member.here, world.puts.length]).toEqual([true, 1]);
    world.url = 'tcp://100.64.0.3:2';
    world.linked(3, 'another');
    await expect.poll(() => world.puts.length).toBe(2);
    const { targets } = await world.rest.member.targets(never);
    expect(targets.map(({ address }) => address)).toEqual([{ kind: 'ip', host: '100.64.0.3', port: 2 }]);
    await world.rest[Symbol.asyncDispose]();
  });
});
