import { describe, expect, test } from 'vitest';
import { encodeIp } from '../sockaddr.ts';
import { genericAttributes, genericBody } from './generic.ts';
import { attribute, attributeList, attributesOf, nested, u8, u16, u32 } from './wire.ts';
import {
  addWireguardPeer,
  changeWireguardPeer,
  getWireguard,
  readWireguard,
  removeWireguardPeer,
  setWireguard,
} from './wireguard.ts';

const key = Buffer.alloc(32, 1);
const nothing = Buffer.alloc(0);

/** The only peer of a request, by the numbers of its attributes. */
function peerIn(body: Buffer): ReadonlyMap<number, Buffer> {
  const [[, peer] = [0, nothing]] = attributeList(genericAttributes(body).get(8) ?? nothing);
  return attributesOf(peer);
}

describe("a request to the kernel's WireGuard", () => {
  test('sets key and port of an interface by its name', () => {
    const { type, body } = setWireguard(27, 'wh0', { privateKey: key, listenPort: 51820 });
    const attributes = genericAttributes(body);
    expect([type, body[0], attributes.get(2)?.toString()]).toEqual([27, 1, 'wh0\0']);
    expect([attributes.get(3), attributes.get(6)?.readUInt16LE(0)]).toEqual([key, 51820]);
  });

  test('adds a peer with all that it has, in place of what it had', () => {
    const endpoint = { host: '192.0.2.2', port: 51821 };
    const peer = { publicKey: key, presharedKey: key, endpoint, keepaliveSeconds: 25, allowed: '100.65.0.3' };
    const read = peerIn(addWireguardPeer(27, 'wh0', peer).body);
    expect([read.get(1), read.get(2), read.get(4)]).toEqual([key, key, encodeIp(endpoint)]);
    expect([read.get(3)?.readUInt32LE(0), read.get(5)?.readUInt16LE(0)]).toEqual([2, 25]);
    const [[, allowed] = [0, nothing]] = attributeList(read.get(9) ?? nothing);
    expect(attributesOf(allowed).get(2)?.toString('hex')).toBe('64410003');
    expect(attributesOf(allowed).get(3)?.[0]).toBe(32);
  });

  test('changes only what is said, and never makes a peer of it', () => {
    const read = peerIn(changeWireguardPeer(27, 'wh0', { publicKey: key, keepaliveSeconds: 0 }).body);
    expect([...read.keys()]).toEqual([1, 3, 5]);
    expect(read.get(3)?.readUInt32LE(0)).toBe(4);
  });

  test('removes a peer', () => {
    expect(
      peerIn(removeWireguardPeer(27, 'wh0', key).body)
        .get(3)
        ?.readUInt32LE(0),
    ).toBe(1);
    expect(getWireguard(27, 'wh0').body[0]).toBe(0);
  });

  test('is named in errors without keys', () => {
    expect(setWireguard(27, 'wh0', { privateKey: key }).what).toBe('set up WireGuard interface wh0');
  });
});

describe("what the kernel's WireGuard tells", () => {
  const allowed = (last: number): Buffer =>
    nested(0, attribute(1, u16(2)), attribute(2, Buffer.of(100, 65, 0, last)), attribute(3, u8(32)));
  const time = Buffer.alloc(16);
  time.writeBigInt64LE(1_700_000_000n, 0);
  const counted = Buffer.alloc(8);
  counted.writeBigUInt64LE(5_000_000_000n);
  const first = genericBody(
    1,
    attribute(3, Buffer.alloc(32, 9)),
    attribute(4, key),
    attribute(6, u16(51820)),
    nested(
      8,
      nested(
        0,
        attribute(1, key),
        attribute(4, encodeIp({ host: '2001:db8::2', port: 51821 })),
        attribute(5, u16(25)),
        attribute(6, time),
        attribute(7, counted),
        attribute(8, counted),
        nested(9, allowed(3)),
        attribute(10, u32(1)),
      ),
    ),
  );
  const second = genericBody(1, nested(8, nested(0, attribute(1, key), nested(9, allowed(5)))));

  test('is put together from several messages, without the private key', () => {
    const device = readWireguard([first, second]);
    expect(device).toEqual({
      publicKey: key,
      listenPort: 51820,
      peers: [
        {
          publicKey: key,
          endpoint: { host: '2001:db8::2', port: 51821 },
          keepaliveSeconds: 25,
          lastHandshake: new Date(1_700_000_000_000),
          bytesIn: 5_000_000_000,
          bytesOut: 5_000_000_000,
          allowed: ['100.65.0.3/32', '100.65.0.5/32'],
        },
      ],
    });
    expect(JSON.stringify(device)).not.toContain(Buffer.alloc(32, 9).toString('hex'));
  });

  test('has no handshake before the first', () => {
    const body = genericBody(1, nested(8, nested(0, attribute(1, key), attribute(6, Buffer.alloc(16)))));
    expect(readWireguard([body]).peers[0]).toEqual({
      publicKey: key,
      keepaliveSeconds: 0,
      bytesIn: 0,
      bytesOut: 0,
      allowed: [],
    });
  });
});
