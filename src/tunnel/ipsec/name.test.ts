import { expect, test } from 'vitest';
import type { SaState } from '../../sys/netlink/xfrm-state.ts';
import type { IpsecShape } from '../half.ts';
import { Listed } from '../listed.ts';
import type { NetworkStack } from '../stack.ts';
import { reqidOf, withPorts } from './name.ts';

const shape: IpsecShape = {
  kind: 'ipsec',
  outer: { local: '10.9.0.2', remote: '10.9.0.1' },
  overlay: { local: '100.65.0.3', remote: '100.65.0.2' },
  udp: { localPort: 4500, remotePort: 4500, keepaliveSeconds: 0 },
};
const sa: SaState = {
  source: '10.9.0.2',
  destination: '10.9.0.1',
  spi: 0x1234,
  reqid: reqidOf(shape),
  bytes: 0,
  packets: 0,
  dropped: 0,
  udp: { sourcePort: 4500, destinationPort: 4501 },
};
const stackWith = (...sas: readonly SaState[]) =>
  ({ sas: () => Promise.resolve(new Listed(sas, ({ reqid }) => reqid)) }) as unknown as NetworkStack;

test('a tunnel in UDP that is taken up sends to the port that its peer was seen at last, not to the one that was written down', async () => {
  const others = [
    { ...sa, reqid: 1, udp: { sourcePort: 4500, destinationPort: 4502 } },
    { ...sa, source: sa.destination, destination: sa.source, udp: { sourcePort: 4501, destinationPort: 4500 } },
  ];
  expect((await withPorts(stackWith(...others, sa), shape)).udp).toEqual({ ...shape.udp, remotePort: 4501 });
  expect(await withPorts(stackWith(...others), shape)).toEqual(shape);
  const { udp: _, ...plain } = shape;
  expect(await withPorts(stackWith(sa), plain)).toEqual(plain);
});
