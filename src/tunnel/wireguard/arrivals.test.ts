import { execFileSync } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { guardLacks, guardWorld, nft } from '../../../test/support/guard-world.ts';
import type { NetworkStack } from '../stack.ts';
import { Arrivals } from './arrivals.ts';

const missing = guardLacks();

const port = { name: 'wh0', listenPort: 51_820 };
const other = { name: 'wh1', listenPort: 51_821 };
const none = (): Promise<number> => Promise.resolve(0);

function arrivalsWorld() {
  const made = guardWorld();
  const { room, stack } = made;
  room.ip('link', 'set', 'lo', 'up');
  /** Of UDP to a port, each with these bytes. */
  const send = (to: number, ...packets: readonly (readonly number[])[]): void => {
    const script = `const socket = require('node:dgram').createSocket('udp4');
      (async () => { for (const bytes of ${JSON.stringify(packets)})
        await new Promise((sent) => socket.send(Buffer.from(bytes), ${to}, '127.0.0.1', sent)); socket.close(); })();`;
    execFileSync('nsenter', [`--net=${room.path}`, process.execPath, '-e', script]);
  };
  return { room, stack, send, arrivals: new Arrivals(stack), [Symbol.dispose]: () => made[Symbol.dispose]() };
}
const data = [4, 0, 0, 0, 1, 2, 3];
const cookie = [3, 0, 0, 0, 1, 2, 3];

describe.skipIf(missing !== undefined)('what comes to a port of WireGuard', () => {
  test('is counted by a rule that nft reads as it is meant', async () => {
    using made = arrivalsWorld();
    await made.arrivals.add(port, none);
    await made.arrivals.add(other, () => Promise.resolve(17));
    await made.arrivals.add(port, none);
    const lines = nft(made.room, 'list', 'ruleset').split('\n');
    expect(lines.map((line) => line.trim()).filter((line) => line !== '' && line !== '}')).toEqual([
      'table inet wormhole {',
      'chain arrivals {',
      'type filter hook input priority 300; policy accept;',
      expect.stringMatching(/^udp dport 51820 @th,64,32 != (50331648|0x0?3000000) counter packets 0 .* "wh0 51820"$/),
      expect.stringMatching(/^udp dport 51821 @th,64,32 != (50331648|0x0?3000000) counter packets 17 .* "wh1 51821"$/),
    ]);
  });

  test('comes with the first interface and goes with the last', async () => {
    using made = arrivalsWorld();
    await made.arrivals.add(port, none);
    await made.arrivals.add(other, none);
    await made.arrivals.remove(port.name);
    expect(await made.arrivals.list()).toEqual([other]);
    expect([await made.arrivals.has(port), await made.arrivals.has(other)]).toEqual([false, true]);
    await made.arrivals.remove(other.name);
    expect(nft(made.room, 'list', 'ruleset')).toBe('');
    await made.arrivals.remove(other.name);
  });

  test('was dropped when it was not received; cookies are neither', async () => {
    using made = arrivalsWorld();
    const dropped = (received: number): Promise<number | undefined> =>
      made.arrivals.dropped(port, () => Promise.resolve(received));
    await made.arrivals.add(port, none);
    made.send(port.listenPort, data, cookie, data, [9, 9, 9, 9]);
    made.send(other.listenPort, data);
    expect(await dropped(3)).toBe(0);
    await expect.poll(() => dropped(1)).toBe(2);
  });

  test('is not taken as dropped while it is under way, and what was told stays', async () => {
    using made = arrivalsWorld();
    await made.arrivals.add(port, none);
    made.send(port.listenPort, data, data, data);
    let looks = 0;
    expect(await made.arrivals.dropped(port, () => Promise.resolve(++looks > 2 ? 3 : 0))).toBe(0);
    await expect.poll(() => made.arrivals.dropped(port, () => Promise.resolve(1))).toBe(2);
    const later = vi.fn(() => Promise.resolve(9));
    await expect
      .poll(() => made.arrivals.dropped(port, later).then((told) => [told, later.mock.calls.length]))
      .toEqual([2, 1]);
  });

  test('is counted again after somebody took the rule, from where the interface is', async () => {
    using made = arrivalsWorld();
    await made.arrivals.add(port, none);
    nft(made.room, 'flush', 'ruleset');
    await expect.poll(() => made.arrivals.has(port)).toBe(false);
    await made.arrivals.add(port, () => Promise.resolve(40));
    made.send(port.listenPort, data);
    expect(await made.arrivals.dropped(port, () => Promise.resolve(40))).toBe(1);
    nft(made.room, 'flush', 'chain', 'inet', 'wormhole', 'arrivals');
    await made.arrivals.remove(port.name);
    expect(nft(made.room, 'list', 'ruleset')).toBe('');
  });

  test('is counted by what an earlier process has made', async () => {
    using made = arrivalsWorld();
    await made.arrivals.add(port, none);
    const later = new Arrivals(made.stack);
    expect(await later.has(port)).toBe(true);
    made.send(port.listenPort, data);
    expect(await later.dropped(port, none)).toBe(1);
    await later.remove(port.name);
    expect(nft(made.room, 'list', 'ruleset')).toBe('');
  });

  test('is not counted where the kernel cannot, and nobody is troubled by that', async () => {
    using made = arrivalsWorld();
    // As one of ours would be if it were another.
    nft(made.room, 'add', 'table', 'inet', 'wormhole');
    nft(made.room, 'add', 'chain', 'inet', 'wormhole', 'arrivals', '{ type filter hook output priority 0; }');
    expect(await made.arrivals.has(port)).toBe(false);
    await made.arrivals.add(port, none);
    expect(await made.arrivals.has(port)).toBe(true);
    expect(await made.arrivals.dropped(port, none)).toBeUndefined();
    await made.arrivals.remove(port.name);
  });
});

test('nothing is counted by a kernel without a firewall, and nobody is troubled by that', async () => {
  const lacking = {
    netfilterChanges: 0,
    get netfilter(): never {
      throw Object.assign(new Error('no such part'), { code: 'EPROTONOSUPPORT' });
    },
  } as unknown as NetworkStack;
  const arrivals = new Arrivals(lacking);
  await arrivals.remove(port.name);
  await arrivals.add(port, none);
  expect(await arrivals.has(port)).toBe(true);
  expect(await arrivals.dropped(port, none)).toBeUndefined();
});
