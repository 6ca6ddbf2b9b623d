/**
 * Tunnels between daemons whose ends are in containers, by each way of this kernel: IPsec by an xfrm interface. With a real
 * engine, and whatever an engine does, it is tested in `test/functional/tunnels-attach.test.ts`.
 *
 *     container one ── a ── router ── b ── container two
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../support/host.ts';
import { patiently } from '../support/patience.ts';
import { until } from '../support/relay-wait.ts';
import { RoomEngine } from '../support/room-engine.ts';
import { makeTunnel, statesOf, tunnelDaemons, tunnelsOf } from '../support/tunnel-daemons.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';
import { kernelLacks } from '../support/vm/kernel.ts';

const left = kernelLacks('esp', 'xfrm-interface', 'wireguard', 'nf_tables');
const types = left ? [] : await tunnelTypes();

describe.skipIf(left)('a tunnel into containers', () => {
  const engines = new Map<Host, RoomEngine>();
  const all = tunnelDaemons({ a: { down: true }, b: { down: true } });
  const engineOf = (host: Host): RoomEngine => engines.get(host) as RoomEngine;
  const rooms = { peer: 'b', attach: 'one', peerAttach: 'two' } as const;

  beforeAll(async () => {
    const { a, b } = all();
    for (const [host, name] of [
      [a, 'one'],
      [b, 'two'],
    ] as const) {
      const engine = await RoomEngine.start();
      engines.set(host, engine);
      await engine.run(host, name);
    }
    for (const [host, name] of [
      [a, 'one'],
      [b, 'two'],
    ] as const) {
      await host.up({ env: engineOf(host).env });
      // What speaks to engines is loaded by the first question to one, which takes longer here than an offer may.
      const words = `url :0 docker-ns ${name} tail url :1`.split(' ');
      await until('it has asked its engine', async () => (await host.daemon.post({ words })).status === 201);
    }
  });
  afterAll(async () => {
    for (const engine of engines.values()) await engine[Symbol.asyncDispose]();
  });

  const pings = async (host: Host, container: string, to: string): Promise<boolean> =>
    (await host.run([...engineOf(host).inside(container), 'ping', '-c', '1', '-W', '10', to])).code === 0;

  test.each(types)(
    'F86 by $name: each has the address of its end, and is seen by it in the other',
    async ({ request }) => {
      const { a, b } = all();
      const { local, remote } = await makeTunnel(a, { ...rooms, ...request });
      expect((await a.run(['ip', 'address'])).stdout).not.toContain(local);
      expect([await pings(a, 'one', remote), await pings(b, 'two', local)]).toEqual([true, true]);
      expect((await a.run(['ping', '-c', '1', '-W', '1', remote])).code).not.toBe(0);
      const server = b.start([
        ...engineOf(b).inside('two'),
        'socat',
        'TCP-LISTEN:8080,reuseaddr',
        'SYSTEM:echo $SOCAT_PEERADDR',
      ]);
      const listens = async (): Promise<string> =>
        (await b.run([...engineOf(b).inside('two'), 'ss', '-Hltn', 'sport', '8080'])).stdout;
      await expect.poll(listens, patiently).not.toBe('');
      const got = await a.run([...engineOf(a).inside('one'), 'socat', '-u', `TCP:${remote}:8080`, '-']);
      expect(got.stdout).toBe(`${local}\n`);
      await server.ended;
    },
  );

  test.each(types.filter(({ name }) => name !== 'ipsec in udp'))(
    'by $name follows its container when that starts anew, with the same addresses',
    async ({ request }) => {
      const { a, b } = all();
      const before = await makeTunnel(a, { ...rooms, ...request });
      await engineOf(b).run(b, 'two');
      await expect.poll(async () => (await tunnelsOf(a))[0]?.id, patiently).not.toBe(before.id);
      await expect
        .poll(async () => [await statesOf(a), await statesOf(b)], patiently)
        .toEqual([['complete'], ['complete']]);
      const [after] = await tunnelsOf(a);
      expect([after?.local, after?.remote]).toEqual([before.local, before.remote]);
      expect(await pings(a, 'one', before.remote)).toBe(true);
    },
  );
});
