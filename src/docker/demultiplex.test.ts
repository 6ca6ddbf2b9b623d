import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogLines } from './demultiplex.ts';

function frame(stream: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** Gives the bytes in pieces of these sizes, over and over. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('LogLines', () => {
  test('keeps unfinished lines of both streams apart', () => {
    const lines = new LogLines(false);
    const bytes = Buffer.concat([
      frame(1, 'one '),
      frame(2, 'bad '),
      frame(1, 'line\n'),
      frame(1, ''),
      frame(2, 'luck\nx'),
    ]);
    expect(lines.push(bytes)).toEqual(['one line', 'bad luck']);
    expect(lines.end()).toEqual(['x']);
  });

  test('gives the same lines however the bytes are cut, letters of several bytes included', () => {
    const line = fc.stringMatching(/^[aé€😀 ]{0,12}$/u);
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), sizes, sizes, fc.boolean(), (wanted, cuts, frames, tty) => {
        const text = Buffer.from(wanted.map((one) => `${one}\r\n`).join(''));
        const framed = [...pieces(text, frames)].map((part) => Buffer.concat([frame(1, ''), header(part), part]));
        const lines = new LogLines(tty);
        const seen = [...pieces(tty ? text : Buffer.concat(framed), cuts)].flatMap((piece) => lines.push(piece));
        expect([...seen, ...lines.end()]).toEqual(wanted);
      }),
    );
  });

  test('refuses what are no frames', () => {
    expect(() => new LogLines(false).push(Buffer.from('hello there'))).toThrow(RangeError);
  });
});

function header(part: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = 1;
  bytes.writeUInt32BE(part.length, 4);
  return bytes;
}
