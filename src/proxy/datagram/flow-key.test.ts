import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO } from '../../sys/constants.ts';
import { DatagramBatch } from '../../sys/mmsg.ts';
import { encodeIp } from '../../sys/sockaddr.ts';
import { flowKey, localControl } from './flow-key.ts';

const batch = new DatagramBatch(4);

/** Makes datagram `i` come from `host:port`, with whatever another one left behind it. */
function from(i: number, host: string, port: number): void {
  const at = batch.nameAt(i);
  batch.names.buffer.fill(0xee, at, at + 32);
  encodeIp({ host, port }).copy(batch.names.buffer, at);
}

/** Makes datagram `i` say which of our addresses it was sent to. */
function to(i: number, host: string, interfaceIndex: number): void {
  const v6 = host.includes(':');
  const at = batch.controlAt(i);
  const { view, buffer } = batch.controls;
  buffer.fill(0, at, at + 64);
  view.setBigUint64(at, v6 ? 36n : 28n, true);
  view.setInt32(at + 8, v6 ? IPPROTO_IPV6 : IPPROTO_IP, true);
  view.setInt32(at + 12, v6 ? IPV6_PKTINFO : IP_PKTINFO, true);
  const sockaddr = encodeIp({ host, port: 0 });
  if (v6) {
    sockaddr.copy(buffer, at + 16, 8, 24);
    view.setUint32(at + 32, interfaceIndex, true);
  } else {
    view.setUint32(at + 16, interfaceIndex, true);
    sockaddr.copy(buffer, at + 20, 4, 8); // spec_dst
    sockaddr.copy(buffer, at + 24, 4, 8); // addr
  }
}

const port = fc.integer({ min: 1, max: 65_535 });
const client = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port });
/** A client as the kernel knows it. */
const identity = ({ host, port }: { host: string; port: number }): string => encodeIp({ host, port }).toString('hex');

describe('the key of a flow', () => {
  test('is the same for the same client and different for different ones', () => {
    fc.assert(
      fc.property(client, client, fc.boolean(), (one, two, wildcard) => {
        for (const [i, { host, port }] of [one, two, one].entries()) {
          from(i, host, port);
          to(i, '127.0.0.1', 1);
        }
        expect(flowKey(batch, 0, wildcard)).toBe(flowKey(batch, 2, wildcard));
        expect(flowKey(batch, 0, wildcard) === flowKey(batch, 1, wildcard)).toBe(identity(one) === identity(two));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [
      { host: '10.0.0.1', port: 5000 },
      { host: '10.0.0.1', port: 5001 },
    ],
    [
      { host: '10.0.0.1', port: 5000 },
      { host: '10.0.0.2', port: 5000 },
    ],
    [
      { host: '0.0.0.1', port: 1 },
      { host: '0.1.0.0', port: 1 },
    ],
    [
      { host: '255.255.255.255', port: 65_535 },
      { host: '255.255.255.255', port: 65_534 },
    ],
    [
      { host: 'fe80::1%1', port: 53 },
      { host: 'fe80::1%2', port: 53 },
    ],
    [
      { host: '::1', port: 53 },
      { host: '::2', port: 53 },
    ],
  ])('tells %o and %o apart', (one, two) => {
    from(0, one.host, one.port);
    from(1, two.host, two.port);
    expect(flowKey(batch, 0, false)).not.toBe(flowKey(batch, 1, false));
  });

  test('of an IPv4 client of one address is a number: nothing is allocated for it', () => {
    from(0, '255.255.255.255', 65_535);
    expect(flowKey(batch, 0, false)).toBe(2 ** 48 - 1);
  });

  test('does not depend on the flow label', () => {
    from(0, '2001:db8::1', 4711);
    const key = flowKey(batch, 0, false);
    batch.names.view.setUint32(batch.nameAt(0) + 4, 0x1234_5678);
    expect(flowKey(batch, 0, false)).toBe(key);
  });

  test.each([
    ['127.0.0.1', '127.0.0.2'],
    ['2001:db8::1', '2001:db8::2'],
  ])('on a wildcard head tells %s from %s, although the client is the same', (one, two) => {
    for (const [i, local] of [one, two, one].entries()) {
      from(i, '127.0.0.9', 4711);
      to(i, local, 1);
    }
    expect(flowKey(batch, 0, true)).not.toBe(flowKey(batch, 1, true));
    expect(flowKey(batch, 0, true)).toBe(flowKey(batch, 2, true));
    expect(flowKey(batch, 0, false)).toBe(flowKey(batch, 1, false));
  });
});

describe('the way back', () => {
  test('names the IPv4 address that was asked, and leaves the interface to routing', () => {
    to(0, '192.0.2.7', 42);
    const control = localControl(batch, 0);
    expect(control).toHaveLength(32);
    expect(control.readBigUInt64LE(0)).toBe(28n);
    expect(control.readUInt32LE(16)).toBe(0);
    expect([...control.subarray(20, 24)]).toEqual([192, 0, 2, 7]);
  });

  test.each([
    ['2001:db8::7', 0],
    ['fe80::7', 42],
    ['febf::7', 42],
    ['fec0::7', 0],
  ])('from %s goes over interface %d', (host, index) => {
    to(0, host, 42);
    const control = localControl(batch, 0);
    expect(control).toHaveLength(40);
    expect(control.readUInt32LE(32)).toBe(index);
    expect(control.subarray(16, 32)).toEqual(encodeIp({ host, port: 0 }).subarray(8, 24));
  });

  test('is a copy, and empty when the kernel told nothing', () => {
    to(0, '192.0.2.7', 1);
    const control = localControl(batch, 0);
    batch.controls.buffer.fill(0);
    expect([...control.subarray(20, 24)]).toEqual([192, 0, 2, 7]);
    expect(localControl(batch, 0)).toHaveLength(0);
  });
});
