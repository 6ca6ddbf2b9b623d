import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { usedAddresses } from './used-addresses.ts';

const ipv4 = (address: string, netmask: string): NetworkInterfaceInfo => ({
  address,
  netmask,
  family: 'IPv4',
  mac: '02:00:00:00:00:01',
  internal: false,
  cidr: null,
});

test('an overlay address is none of a network that this host is in, whoever has it there', () => {
  const interfaces = {
    eth0: [ipv4('100.65.8.9', '255.255.252.0')],
    wh0: [ipv4('100.66.0.2', '255.255.255.255')],
    lo: [ipv4('127.0.0.1', '255.0.0.0')],
  };
  const isUsed = usedAddresses([], ['100.67.0.4'], undefined, interfaces);
  for (const address of ['100.65.8.9', '100.65.8.0', '100.65.11.255', '100.66.0.2', '100.67.0.4']) {
    expect([address, isUsed(address)]).toEqual([address, true]);
  }
  for (const address of ['100.65.7.255', '100.65.12.0', '100.66.0.3', '100.67.0.5']) {
    expect([address, isUsed(address)]).toEqual([address, false]);
  }
});
