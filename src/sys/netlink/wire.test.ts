import { describe, expect, test } from 'vitest';
import { errorOf } from './netlink-error.ts';
import {
  attribute,
  attributeList,
  attributesOf,
  decodeMessages,
  encodeMessage,
  nested,
  text,
  textOf,
  u32,
} from './wire.ts';

const request = { what: 'ask', type: 0x1234, flags: 0x400, body: Buffer.from('abcde') };

describe('messages of netlink', () => {
  test('have a header with their length, and are padded', () => {
    const bytes = encodeMessage(request, 0x5, 7);
    expect(bytes.toString('hex')).toBe('150000003412050407000000000000006162636465000000');
  });

  test('come several in a datagram', () => {
    const datagram = Buffer.concat([encodeMessage(request, 0, 1), encodeMessage(request, 0, 2)]);
    const read = decodeMessages(datagram).map(({ sequence, body }) => [sequence, body.toString()]);
    expect(read).toEqual([
      [1, 'abcde'],
      [2, 'abcde'],
    ]);
  });

  test.each([
    ['is shorter than a header', '0f00000034120504070000000000000061'],
    ['is longer than the datagram', '1600000034120504070000000000000061'],
    ['stops within the header', '15000000'],
  ])('are refused when one %s', (_what, hex) => {
    expect(() => decodeMessages(Buffer.from(hex, 'hex'))).toThrow('wrong length');
  });
});

describe('attributes of netlink', () => {
  test('have their length, are padded, and hold others', () => {
    const bytes = nested(2, attribute(1, text('ab')), attribute(3, u32(5)));
    expect(bytes.toString('hex')).toBe(['14000280', '07000100', '61620000', '08000300', '05000000'].join(''));
    const inner = attributesOf(attributesOf(bytes).get(2) ?? Buffer.alloc(0));
    expect(textOf(inner.get(1) ?? Buffer.alloc(0))).toBe('ab');
    expect(inner.get(3)?.readUInt32LE(0)).toBe(5);
  });

  test('of one type stay apart and in order', () => {
    const bytes = Buffer.concat([attribute(1, u32(1)), attribute(1, u32(2))]);
    expect(attributeList(bytes).map(([type, value]) => [type, value.readUInt32LE(0)])).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });

  test.each(['0300010000000000', '0900010000000000'])('that lead out of the message are refused: %s', (hex) => {
    expect(() => attributesOf(Buffer.from(hex, 'hex'))).toThrow('wrong length');
  });

  test('too long for their length are refused, not cut', () => {
    expect(() => attribute(1, Buffer.alloc(0xffff))).toThrow('65539 bytes');
  });
});

describe('an error of netlink', () => {
  const words = attribute(1, text('Nexthop has invalid gateway'));
  const header = Buffer.alloc(16);
  header.writeUInt32LE(24, 0);
  const errno = Buffer.from('eaffffff', 'hex');

  test('has errno and words, with the request in it or without', () => {
    const capped = { type: 2, flags: 0x300, sequence: 1, body: Buffer.concat([errno, header, words]) };
    const whole = { type: 2, flags: 0x200, sequence: 1, body: Buffer.concat([errno, header, Buffer.alloc(8), words]) };
    for (const message of [capped, whole]) {
      expect(errorOf(message, 'add route')).toMatchObject({
        code: 'EINVAL',
        words: 'Nexthop has invalid gateway',
        message: 'add route: EINVAL (Nexthop has invalid gateway)',
      });
    }
  });

  test('is none when it is 0, nor at the end of a list', () => {
    expect(errorOf({ type: 2, flags: 0, sequence: 1, body: Buffer.alloc(20) }, 'ask')).toBeUndefined();
    expect(errorOf({ type: 3, flags: 2, sequence: 1, body: Buffer.alloc(0) }, 'ask')).toBeUndefined();
  });
});
