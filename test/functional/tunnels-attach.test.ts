/**
 * Tunnels whose ends are in containers: the interface and the overlay address are the container's, the packets on the wire the host's.
 *
 *     container one ── a ── router ── b ── container two
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tunnel, TunnelList } from '../../src/spec/api.ts';
import { DockerHost } from '../support/docker-host.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { Ended } from '../support/program.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const noEngine = DockerHost.missing();
if (noEngine !== undefined) console.log(`tunnels into containers are left out: ${noEngine}`);
const types = (await tunnelTypes()).filter(({ lacks, attached }) => lacks === undefined && attached === undefined);

/** With the reason, if there is one. */
const stateOf = async (host: Host): Promise<string | undefined> => {
  const { state, reason } = (await tunnelOf(host)) ?? {};
  return reason === '' ? state : reason && `${state}: ${reason}`;
};
const tunnelOf = async (host: Host): Promise<Tunnel | undefined> =>
  (await host.daemon.get<TunnelList>('/v1/tunnels')).tunnels[0];

describe.skipIf(noEngine !== undefined).each(types)('a tunnel into containers by $name', ({ flags }) => {
  let world: Hosts & { readonly a: Host; readonly b: Host };
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { a: { engine: true }, b: { engine: true } } });
    await world.a.engine.run({ name: 'one' });
    await world.b.engine.run({ name: 'two' });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const attach = ['--attach', 'one', '--peer-attach', 'two'];
  /** Runs a program of the host in the network of a container. */
  const inside = async (host: Host, container: string, ...words: readonly string[]): Promise<Ended> => {
    const pid = (await host.engine.docker(['inspect', '--format', '{{.State.Pid}}', container])).trim();
    return await host.run(['nsenter', `--net=/proc/${pid}/ns/net`, ...words]);
  };
  const pings = async (from: Host, container: string, to: string): Promise<boolean> =>
    (await inside(from, container, 'ping', '-c', '1', '-W', '5', to)).code === 0;

  test('F86 each container has the address of its end, and reaches the other by it', async () => {
    const { a, b } = world;
    const made = await a.daemon.wormhole('tunnel-create', ...flags, ...attach, 'b');
    expect(made).toMatchObject({ code: 0 });
    const [local = '', remote = ''] = made.stdout.trim().split(' ');
    expect((await inside(a, 'one', 'ip', 'address')).stdout).toContain(local);
    expect((await a.run(['ip', 'address'])).stdout).not.toContain(local);
    expect([await pings(a, 'one', remote), await pings(b, 'two', local)]).toEqual([true, true]);
    expect((await a.run(['ping', '-c', '1', '-W', '1', remote])).code).not.toBe(0);
    for (const host of [a, b]) expect((await host.daemon.wormhole('tunnel-gc')).stdout).toBe('');
    expect(await pings(a, 'one', remote)).toBe(true);
    const back = ['--attach', 'two', '--peer-attach', 'one'];
    expect((await b.daemon.wormhole('tunnel-create', ...flags, ...back, 'a')).stdout).toBe(`${remote} ${local}\n`);
  });

  test('F86 a server there sees the address of the client in the other container, which nobody translates', async () => {
    const { a, b } = world;
    const { local = '', remote = '' } = (await tunnelOf(a)) ?? {};
    const served = inside(b, 'two', 'socat', 'TCP-LISTEN:8080', 'SYSTEM:echo $SOCAT_PEERADDR');
    await expect.poll(async () => (await inside(b, 'two', 'ss', '-Hltn', 'sport', '8080')).stdout).not.toBe('');
    const got = await inside(a, 'one', 'socat', '-u', `TCP:${remote}:8080`, '-');
    expect(got.stdout).toBe(`${local}\n`);
    await served;
  });

  test.each([
    ['a', 'is restarted'],
    ['b', 'is restarted'],
    ['a', 'is another one of that name'],
    ['b', 'is another one of that name'],
  ] as const)('follows its container of %s when that %s, with the same addresses', async (name, how) => {
    const { a, b } = world;
    const { engine } = world[name];
    const container = name === 'a' ? 'one' : 'two';
    const before = await tunnelOf(a);
    if (how === 'is restarted') await engine.docker(['restart', '--time', '0', container]);
    else {
      await engine.docker(['rm', '--force', container]);
      await engine.run({ name: container });
    }
    await expect.poll(async () => (await tunnelOf(a))?.id).not.toBe(before?.id);
    await expect.poll(() => stateOf(a)).toBe('complete');
    await expect.poll(() => stateOf(b)).toBe('complete');
    const after = await tunnelOf(a);
    expect([after?.local, after?.remote]).toEqual([before?.local, before?.remote]);
    await expect.poll(() => pings(a, 'one', after?.remote ?? '')).toBe(true);
  });

  test('waits for a container that is stopped, and goes on when that is there again', async () => {
    const { a, b } = world;
    await a.engine.docker(['stop', '--time', '0', 'one']);
    await expect.poll(() => stateOf(a)).toMatch(/^stale: .*one/);
    await a.daemon.stop();
    await a.up();
    expect(await stateOf(a)).toMatch(/^stale: .*one/);
    await a.engine.docker(['start', 'one']);
    await expect.poll(() => stateOf(a)).toBe('complete');
    await expect.poll(() => stateOf(b)).toBe('complete');
    const { remote = '' } = (await tunnelOf(a)) ?? {};
    await expect.poll(() => pings(a, 'one', remote)).toBe(true);
  });

  test('is taken up again by the next daemon, and removed', async () => {
    const { a, b } = world;
    const before = await tunnelOf(a);
    await a.daemon.stop('SIGKILL');
    await a.up();
    expect(await tunnelOf(a)).toMatchObject({
      id: before?.id,
      state: 'complete',
      reason: '',
      attach: 'one',
      peerAttach: 'two',
    });
    expect(await pings(a, 'one', before?.remote ?? '')).toBe(true);
    expect(await a.daemon.wormhole('tunnel-delete', 'b')).toMatchObject({ code: 0 });
    expect([await stateOf(a), await stateOf(b)]).toEqual([undefined, undefined]);
    expect((await inside(a, 'one', 'ip', 'address')).stdout).not.toContain(before?.local);
  });

  test('needs a container that is there', async () => {
    const { a } = world;
    const missing = await a.daemon.wormhole('tunnel-create', ...flags, '--peer-attach', 'nobody', 'b');
    expect(missing).toMatchObject({ code: 68, stderr: expect.stringContaining('nobody') });
    const here = await a.daemon.wormhole('tunnel-create', ...flags, '--attach', 'nobody', 'b');
    expect(here).toMatchObject({ code: 68 });
  });
});
