import { describe, expect, test } from 'vitest';
import { close, pipe2, read, write } from './libc.ts';
import { NativeMemory } from './memory.ts';

describe('NativeMemory', () => {
  test('it is zeroed', () => {
    const { buffer, size } = new NativeMemory(4096);
    expect(size).toBe(4096);
    expect(buffer.length).toBe(4096);
    expect(buffer.every((byte) => byte === 0)).toBe(true);
  });

  test('buffer and view are the same bytes', () => {
    const { buffer, view } = new NativeMemory(16);
    view.setUint32(4, 0x0102_0304, true);
    expect([...buffer.subarray(4, 8)]).toEqual([4, 3, 2, 1]);
    buffer[8] = 0xff;
    expect(view.getUint8(8)).toBe(0xff);
  });

  test('the kernel reads and writes the bytes that JavaScript sees', () => {
    const ends = new NativeMemory(8);
    expect(pipe2(ends.address, 0o2000000)).toBe(0);
    const [readEnd, writeEnd] = [ends.view.getInt32(0, true), ends.view.getInt32(4, true)];
    const out = new NativeMemory(8);
    const back = new NativeMemory(8);
    out.buffer.write('wormhole');
    expect(write(writeEnd, out.address, 8)).toBe(8);
    expect(read(readEnd, back.address + 1, 7)).toBe(7);
    expect(back.buffer.toString('latin1')).toBe('\0wormhol');
    for (const fd of [readEnd, writeEnd]) expect(close(fd)).toBe(0);
  });

  test('addresses stay exact integers, and blocks do not overlap', () => {
    const blocks = Array.from({ length: 64 }, () => new NativeMemory(128));
    for (const { address } of blocks) expect(Number.isSafeInteger(address) && address > 0).toBe(true);
    blocks.forEach(({ buffer }, i) => buffer.fill(i + 1));
    blocks.forEach(({ buffer }, i) => expect(buffer.every((byte) => byte === i + 1)).toBe(true));
  });
});
