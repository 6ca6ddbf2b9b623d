import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type FrameSink,
  FrameType,
  maxDatagram,
  minFragment,
  readFrames,
  writeDatagram,
  writeFragment,
  writeToken,
} from './frames.ts';

function log() {
  const told: unknown[][] = [];
  const sink: FrameSink = {
    datagram: (flow, payload) => void told.push(['datagram', flow, payload.length]),
    fragment: (flow, id, whole, offset, piece) => void told.push(['fragment', flow, id, whole, offset, piece.length]),
    probe: (token) => void told.push(['probe', token.toString('hex')]),
    pong: (token) => void told.push(['pong', token.toString('hex')]),
  };
  return { told, sink };
}

test('what is written is read: frames in one packet, up to the padding', () => {
  const plain = Buffer.alloc(4_000);
  const { told, sink } = log();
  let at = writeDatagram(plain, 0, 0xffff_ffff, Buffer.alloc(0));
  at = writeDatagram(plain, at, 7, Buffer.alloc(100));
  at = writeFragment(plain, at, 8, 9, Buffer.alloc(5_000), 1_000, 2_000);
  at = writeToken(plain, at, FrameType.probe, Buffer.alloc(8, 1));
  writeToken(plain, at, FrameType.pong, Buffer.alloc(8, 2));
  expect(readFrames(plain, sink)).toBe(true);
  expect(told).toEqual([
    ['datagram', 0xffff_ffff, 0],
    ['datagram', 7, 100],
    ['fragment', 8, 9, 5_000, 1_000, 1_000],
    ['probe', '01'.repeat(8)],
    ['pong', '02'.repeat(8)],
  ]);
});

test('a peer that sends nonsense is told from one that does not, and no frame reaches beyond its packet', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_400 }), fc.integer({ min: 0, max: 6 }), (noise, type) => {
      const plain = Buffer.from([type, ...noise]);
      const { told, sink } = log();
      readFrames(plain, sink);
      for (const [kind, ...numbers] of told) {
        if (kind === 'datagram') expect(numbers[1]).toBeLessThan(plain.length);
        if (kind !== 'fragment') continue;
        const [, , whole, offset, length] = numbers as number[] as [number, number, number, number, number];
        expect(offset + length).toBeLessThanOrEqual(whole);
        expect(whole).toBeLessThanOrEqual(maxDatagram);
        expect(length >= minFragment || offset + length === whole).toBe(true);
      }
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['a fragment without bytes', [2, 0, 0, 0, 1, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0]],
  ['a small fragment that is not the last', [2, 0, 0, 0, 1, 0, 0, 0, 1, 4, 0, 0, 0, 0, 2, 1, 1]],
  ['a fragment beyond its datagram', [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 2, 1, 1]],
  ['a datagram that is cut', [1, 0, 0, 0, 1, 0, 5, 1, 1]],
  ['half a probe', [3, 0, 0]],
  ['half a pong', [4, 0, 0]],
  ['half a header', [1, 0]],
  ['an unknown frame', [9, 0]],
])('%s is refused', (_name, plain) => {
  const { told, sink } = log();
  expect(readFrames(Buffer.from(plain), sink)).toBe(false);
  expect(told).toEqual([]);
});
