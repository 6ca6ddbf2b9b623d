import { afterEach, describe, expect, test } from 'vitest';
import { somewhere, type TunnelEnd, TunnelWorld } from '../../../test/support/tunnel-world.ts';
import type { TunnelKind } from '../../spec/api.ts';
import type { TunnelRecord } from './record.ts';
import { kindsWithin, needsPort, refuseBeyondShare } from './shares.ts';

let world: TunnelWorld | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = undefined;
});

const shared = { range: { network: '100.64.0.0', bits: 26 }, ports: { low: 4500, high: 4515 } };
const owner = { host: 'a', identity: 'common' };

let count = 0;
function tunnel(parts: Partial<TunnelRecord> & { readonly port?: number } = {}): TunnelRecord {
  const { port, ...others } = parts;
  const udp = port === undefined ? {} : { udp: { localPort: port, remotePort: 1, keepaliveSeconds: 0 } };
  const shape = { kind: 'ipsec', ...udp };
  return { id: `${(count += 1)}`, ...owner, driver: false, shape, ...others } as unknown as TunnelRecord;
}
const many = (length: number, each: (i: number) => Parameters<typeof tunnel>[0]): TunnelRecord[] =>
  Array.from({ length }, (_, i) => tunnel(each(i)));
const none = { tunnels: [], prepared: [], answering: [] };

describe('what one peer may have', () => {
  test('is a quarter of the ports, and three quarters for all who have its key, however many they say that they are', () => {
    const mine = many(4, (i) => ({ port: 4500 + i }));
    expect(refuseBeyondShare(owner, { ...none, tunnels: mine.slice(1) }, shared)).toBeUndefined();
    expect(refuseBeyondShare(owner, { ...none, tunnels: mine }, shared)).toMatch(
      /this peer has 4 of the 16 UDP ports.*-P/,
    );
    const others = many(12, (i) => ({ host: `h${i}`, port: 4500 + i }));
    expect(refuseBeyondShare(owner, { ...none, tunnels: others.slice(1) }, shared)).toBeUndefined();
    expect(refuseBeyondShare(owner, { ...none, tunnels: others }, shared)).toMatch(/peers with the same key have 12/);
    // By offers that wait as well, not by what its own people have asked for, nor by what others prove to be.
    expect(
      refuseBeyondShare(owner, { ...none, tunnels: mine.slice(1), prepared: mine.slice(0, 1) }, shared),
    ).toBeDefined();
    const strangers = others.map((one) => ({ ...one, identity: 'shop' }));
    const own = mine.map((one) => ({ ...one, driver: true }));
    expect(refuseBeyondShare(owner, { ...none, tunnels: [...strangers, ...own] }, shared)).toBeUndefined();
    // Tunnels that share an interface share its port.
    expect(refuseBeyondShare(owner, { ...none, tunnels: many(7, () => ({ port: 4500 })) }, shared)).toBeUndefined();
    const noPort = (kind: TunnelKind): string | undefined => (needsPort(kind, false) ? 'no port' : undefined);
    expect(kindsWithin(['ipsec', 'wireguard'], noPort)).toEqual(['ipsec']);
    expect(() => kindsWithin(['ipsec-udp', 'wireguard'], noPort)).toThrow('no port');
  });

  test('is a quarter of the overlay addresses, and some offers at once', () => {
    const refused = expect.objectContaining({ code: 'WH_ERR_LIMIT' });
    const mine = many(8, () => ({}));
    expect(refuseBeyondShare(owner, { ...none, tunnels: mine.slice(1) }, shared)).toBeUndefined();
    expect(() => refuseBeyondShare(owner, { ...none, tunnels: mine }, shared)).toThrow(refused);
    const others = many(24, (i) => ({ host: `h${i}` }));
    expect(() => refuseBeyondShare(owner, { ...none, tunnels: others }, shared)).toThrow(/have 24 of the 32 pairs.*-C/);
    const three = many(3, () => ({}));
    expect(refuseBeyondShare(owner, { ...none, prepared: three }, shared)).toBeUndefined();
    expect(() => refuseBeyondShare(owner, { ...none, prepared: three, answering: [owner] }, shared)).toThrow(refused);
  });

  test('a peer cannot use up the ports that all tunnels of a host share, and its host may go on to', async () => {
    const ports = { low: 4500, high: 4507 };
    world = new TunnelWorld({}, { ports });
    const { a, b } = world;
    // Each with another MTU takes an interface of its own.
    const ask = async (end: TunnelEnd, mtu: number): Promise<unknown> => {
      await end.machine.move(`container:app${mtu}`, somewhere(`net:[${mtu}]`));
      return await end.create({ type: 'wireguard', mtu, attach: `app${mtu}` });
    };
    await ask(a, 1300);
    await ask(a, 1301);
    await expect(ask(a, 1302)).rejects.toMatchObject({
      code: 'WH_ERR_LIMIT',
      message: expect.stringMatching(/2 of the 8 .*-P/),
    });
    await ask(b, 1303);
  });

  test('needs no further port where it shares an interface', async () => {
    world = new TunnelWorld({}, { ports: { low: 4500, high: 4500 } });
    const { a, b } = world;
    for (const name of ['one', 'two']) {
      await a.machine.move(`container:${name}`, somewhere(`net:[${name}]`));
      await a.create({ type: 'wireguard', attach: name });
    }
    expect(await b.list()).toHaveLength(2);
  });
});
