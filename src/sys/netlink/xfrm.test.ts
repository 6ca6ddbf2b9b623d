import { describe, expect, test } from 'vitest';
import { attributesOf } from './wire.ts';
import { readMapping } from './xfrm-mapping.ts';
import { addPolicy, deletePolicy, type Policy, readPolicy } from './xfrm-policy.ts';
import { addSa, changePorts, deleteSa, readSa, type SecurityAssociation } from './xfrm-state.ts';

const key = Buffer.alloc(36, 0x6b);
const sa: SecurityAssociation = {
  source: '192.0.2.1',
  destination: '192.0.2.2',
  spi: 0xc0de_0001,
  key,
  reqid: 0x6441_0002,
  inside: { source: '100.65.0.2', destination: '100.65.0.3' },
  udp: { sourcePort: 4500, destinationPort: 4501 },
};
const policy: Policy = {
  direction: 'out',
  inside: sa.inside,
  outer: { source: '2001:db8::1', destination: '2001:db8::2' },
  reqid: sa.reqid,
  spi: sa.spi,
  interfaceId: 7,
};

describe('a security association', () => {
  const { body, what } = addSa(sa);
  const attributes = attributesOf(body, 224);

  test('has the layout of the kernel: inner hosts, outer hosts, SPI, tunnel mode', () => {
    expect(body.toString('hex', 0, 4)).toBe('64410003');
    expect(body.toString('hex', 16, 20)).toBe('64410002');
    expect(body.toString('hex', 56, 60)).toBe('c0000202');
    expect(body.toString('hex', 72, 77)).toBe('c0de000132');
    expect(body[214]).toBe(1);
  });

  test('has sequence numbers of 64 bits, and a window of 1024 packets for what comes late', () => {
    expect(body[216]).toBe(128);
    const window = attributes.get(23);
    expect(window?.length).toBe(24 + 128);
    expect([window?.readUInt32LE(0), window?.readUInt32LE(20)]).toEqual([32, 1024]);
  });

  test('has no lifetime, so that it does not end with the daemon', () => {
    expect(body.toString('hex', 96, 128)).toBe('ff'.repeat(32));
    expect(body.toString('hex', 128, 160)).toBe('00'.repeat(32));
  });

  test('has AES-256-GCM with the whole tag', () => {
    const aead = attributes.get(18) ?? Buffer.alloc(0);
    expect(aead.toString('latin1', 0, 17)).toBe('rfc4106(gcm(aes))');
    expect([aead.readUInt32LE(64), aead.readUInt32LE(68)]).toEqual([288, 128]);
    expect(aead.subarray(72)).toEqual(key);
  });

  test('is read back as it was added, without its key', () => {
    const read = readSa(body);
    expect(read).toEqual({
      source: '192.0.2.1',
      destination: '192.0.2.2',
      spi: 0xc0de_0001,
      reqid: 0x6441_0002,
      inside: sa.inside,
      udp: { sourcePort: 4500, destinationPort: 4501 },
      bytes: 0,
      packets: 0,
      dropped: 0,
    });
  });

  test('is named in errors by its SPI, never by its key', () => {
    expect([what, deleteSa(sa).what]).toEqual([
      'add security association 0xc0de0001 to 192.0.2.2',
      'delete security association 0xc0de0001 to 192.0.2.2',
    ]);
  });
});

describe('a policy', () => {
  test('is read back as it was added, also with outer addresses of IPv6', () => {
    expect(readPolicy({ type: 19, flags: 0, sequence: 1, body: addPolicy(policy).body })).toEqual(policy);
  });

  test('is deleted by its packets, direction and interface', () => {
    const { body } = deletePolicy(policy);
    expect([body.length, body[60], attributesOf(body, 64).get(31)?.readUInt32LE(0)]).toEqual([72, 1, 7]);
  });

  test('of others, about whole networks, is not read as one of ours', () => {
    const { body } = addPolicy(policy);
    body[42] = 24;
    expect(readPolicy({ type: 19, flags: 0, sequence: 1, body })).toBeUndefined();
  });
});

describe('a message that a NAT has chosen another port', () => {
  const body = Buffer.alloc(64);
  body.write('c0000201', 0, 'hex');
  body.writeUInt32BE(0xc0de_0001, 16);
  body.writeUInt16LE(2, 20);
  body.writeUInt32LE(0x6441_0002, 24);
  body.write('c0000202', 28, 'hex');
  body.write('c0000203', 44, 'hex');
  body.writeUInt16BE(4500, 60);
  body.writeUInt16BE(1024, 62);

  test('tells of which tunnel, and where its peer is seen now', () => {
    expect(readMapping({ type: 38, flags: 0, sequence: 0, body })).toEqual({
      spi: 0xc0de_0001,
      reqid: 0x6441_0002,
      seen: { host: '192.0.2.3', port: 1024 },
    });
    expect(readMapping({ type: 24, flags: 0, sequence: 0, body })).toBeUndefined();
  });

  test('changes the ports of an SA, and nothing else of it', () => {
    const told = Buffer.from(addSa(sa).body);
    const changed = changePorts(told, { sourcePort: 4500, destinationPort: 1024 });
    expect(readSa(changed?.body ?? Buffer.alloc(0))?.udp).toEqual({ sourcePort: 4500, destinationPort: 1024 });
    const { udp: _udp, ...plain } = sa;
    expect(changePorts(addSa(plain).body, { sourcePort: 1, destinationPort: 2 })).toBeUndefined();
  });
});
