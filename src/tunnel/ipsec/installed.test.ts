import { expect, test } from 'vitest';
import type { Request } from '../../sys/netlink/wire.ts';
import { addSa, readSa } from '../../sys/netlink/xfrm-state.ts';
import type { Ground } from '../ground.ts';
import type { IpsecShape } from '../half.ts';
import { Listed } from '../listed.ts';
import { associationOf } from './associations.ts';
import { InstalledIpsecHalf } from './installed.ts';
import { reqidOf } from './name.ts';

const shape: IpsecShape = {
  kind: 'ipsec',
  outer: { local: '10.9.0.2', remote: '10.9.0.1' },
  overlay: { local: '100.65.0.3', remote: '100.65.0.2' },
  udp: { localPort: 4500, remotePort: 4500, keepaliveSeconds: 0 },
};
const sa = (spi: number) => ({ spi, key: Buffer.alloc(36, spi % 251) });

test('new keys that come while a NAT chooses another port are for that port', async () => {
  /** What the kernel has, by SPI. */
  const kept = new Map<number, Buffer>();
  const take = ({ body }: Request): void => {
    const found = readSa(body);
    if (found !== undefined) kept.set(found.spi, Buffer.from(body));
  };
  take(addSa(associationOf(shape, 'in', sa(0x1001))));
  take(addSa(associationOf(shape, 'out', sa(0x1002))));
  let goOn = (): void => undefined;
  let first: Promise<void> | undefined = new Promise((resolve) => (goOn = resolve));
  const stack = {
    async sas() {
      const wait = first;
      first = undefined;
      await wait;
      return new Listed(
        [...kept.values()].flatMap((body) => readSa(body) ?? []),
        ({ reqid }) => reqid,
      );
    },
    xfrm: {
      ask: (request: Request) => Promise.resolve(take(request)),
      get: ({ body }: Request) => Promise.resolve(Buffer.from(kept.get(body.readUInt32BE(16)) ?? [])),
    },
  };
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const ground = { host: { stack }, [Symbol.dispose]: () => undefined } as unknown as Ground;
  const watch = { add: () => ({ [Symbol.dispose]: () => undefined }) };
  const around = { inTurn, watch, holding: { steer: () => Promise.resolve() } };
  const half = new InstalledIpsecHalf(shape, ground, [], around as never);
  const switched = half.switchOutbound(sa(0x1003));
  const moved = inTurn(() =>
    half.moved({ spi: 0x1001, reqid: reqidOf(shape), seen: { host: '10.9.0.1', port: 4501 } }),
  );
  setImmediate(goOn);
  await Promise.all([switched, moved]);
  expect(readSa(kept.get(0x1003) ?? Buffer.of())?.udp?.destinationPort).toBe(4501);
  // And none for a tunnel that is gone by then.
  const removed = half.remove();
  await expect(half.addInbound(sa(0x1004))).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL_NOT_FOUND' });
  await expect(half.switchOutbound(sa(0x1005))).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL_NOT_FOUND' });
  await removed;
  expect([kept.has(0x1004), kept.has(0x1005)]).toEqual([false, false]);
});
