import { afterEach, expect, test } from 'vitest';
import { ableToAll } from '../../../test/support/fake-tunnel-kernel.ts';
import { somewhere, TunnelWorld } from '../../../test/support/tunnel-world.ts';
import type { Abilities } from '../../tunnel/half.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

/** Of a host that has not got those. */
function lacking(...what: ReadonlyArray<keyof Abilities>): Abilities {
  const lacks = (name: string) => ({ works: false, missing: `no ${name}`, remedy: `get ${name}` }) as const;
  return { ...ableToAll, ...Object.fromEntries(what.map((name) => [name, lacks(name)])) };
}

test.each([
  [[], 'ipsec', 'kernel'],
  [['ipsec'], 'wireguard', 'kernel'],
  [['ipsec', 'wireguardKernel'], 'wireguard', 'wireguard-go'],
] as const)('auto without %j comes to %s by %s, and the list says so', async (lacks, type, engine) => {
  world = new TunnelWorld();
  world.a.kernel.able = lacking(...lacks);
  await world.a.create();
  expect(await world.a.list()).toMatchObject([{ type, engine, state: 'complete' }]);
  expect(await world.b.list()).toMatchObject([{ type, engine: 'kernel', state: 'complete' }]);
});

test.each([
  [
    ['ipsec', 'wireguardKernel', 'wireguardGo'],
    /IPsec: .*no ipsec; get ipsec.*WireGuard: .*no wireguardGo; get wireguardGo/,
  ],
  [['protection'], /no protection; get protection/],
] as const)('without %j it says what is missing, and how to get it', async (lacks, words) => {
  world = new TunnelWorld();
  world.a.kernel.able = lacking(...lacks);
  const message = expect.stringMatching(words);
  await expect(world.a.create()).rejects.toMatchObject({ code: 'WH_ERR_KERNEL', message });
});

test.each(['a', 'b'] as const)(
  'into a container IPsec needs an interface for it at %s; without one auto is WireGuard',
  async (name) => {
    world = new TunnelWorld();
    const { a, b } = world;
    for (const end of [a, b]) await end.machine.move('container:app', somewhere(`net:[${end.host}]`));
    world[name].kernel.able = lacking('ipsecAttached');
    const places = { attach: 'app', peerAttach: 'app' };
    const message = expect.stringMatching(/IPsec: .*no ipsecAttached; get ipsecAttached/);
    await expect(a.create({ type: 'ipsec', ...places })).rejects.toMatchObject({ code: 'WH_ERR_KERNEL', message });
    expect(await a.create(places)).toMatchObject({ type: 'wireguard', state: 'complete' });
    // The hosts themselves need none.
    expect(await a.create({ type: 'ipsec' })).toMatchObject({ type: 'ipsec', state: 'complete' });
  },
);
