import { describe, expect, test } from 'vitest';
import { attribute, text } from '../../sys/netlink/wire.ts';
import { firewallMatters, routingMatters } from './loss.ts';

const message = (type: number, body: Buffer) => ({ type, body, flags: 0, sequence: 0 });
const route = (protocol: number): Buffer => Buffer.of(2, 32, 0, 0, 254, protocol, 253, 1, 0, 0, 0, 0);
function link(flags: number, changed: number): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(flags, 8);
  body.writeUInt32LE(changed, 12);
  return body;
}
const table = (name: string): Buffer => Buffer.concat([Buffer.of(2, 0, 0, 0), attribute(1, text(name))]);

describe('what may have taken a part of a tunnel', () => {
  test('is the end of a route of ours, an interface that comes up, an address that comes or goes', () => {
    expect(routingMatters(message(25, route(119)))).toBe(true);
    expect(routingMatters(message(16, link(0x1003, 1)))).toBe(true);
    expect(routingMatters(message(20, Buffer.alloc(8)))).toBe(true);
    expect(routingMatters(message(21, Buffer.alloc(8)))).toBe(true);
  });

  test('is not a route of others, nor an interface that goes down or only says something', () => {
    expect(routingMatters(message(25, route(4)))).toBe(false);
    expect(routingMatters(message(24, route(119)))).toBe(false);
    expect(routingMatters(message(16, link(0x1002, 1)))).toBe(false);
    expect(routingMatters(message(16, link(0x1003, 0)))).toBe(false);
  });

  test('is what goes out of our table, and of no other', () => {
    expect(firewallMatters(message(0xa02, table('wormhole')))).toBe(true);
    expect(firewallMatters(message(0xa08, table('wormhole')))).toBe(true);
    expect(firewallMatters(message(0xa02, table('filter')))).toBe(false);
    expect(firewallMatters(message(0xa00, table('wormhole')))).toBe(false);
    expect(firewallMatters(message(0x102, table('wormhole')))).toBe(false);
  });
});
