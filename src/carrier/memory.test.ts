import { describe, expect, test } from 'vitest';
import { LinkMemory } from './memory.ts';
import { ReceiveWindow } from './mux/receive-window.ts';
import { resumeDefaults } from './resume/limits.ts';
import { Outgoing } from './resume/outgoing.ts';

const MiB = 1024 * 1024;
const limits = { all: 64 * MiB, identity: 32 * MiB };

describe('what links hold', () => {
  test('is counted for each identity, scarce at half and exhausted at all of its limit, and given back with the link', () => {
    const memory = new LinkMemory(limits);
    const [one, another] = [memory.of('wormhole'), memory.of('wormhole')];
    one.add(10 * MiB);
    expect([another.scarce, another.exhausted]).toEqual([false, false]);
    another.add(10 * MiB);
    expect([one.scarce, one.full, one.exhausted]).toEqual([true, false, false]);
    one.add(4 * MiB);
    expect([one.full, one.exhausted]).toEqual([true, false]);
    one.add(-4 * MiB);
    one.add(12 * MiB);
    expect([another.scarce, another.exhausted, memory.of('web').scarce]).toEqual([true, true, false]);
    one[Symbol.dispose]();
    one.add(5 * MiB);
    one[Symbol.dispose]();
    expect(another.scarce).toBe(false);
    another[Symbol.dispose]();
  });

  test('all of them share a limit, which an identity that holds little does not pay for', () => {
    const memory = new LinkMemory(limits);
    const held = ['a', 'b', 'c'].map((name) => memory.of(name));
    for (const share of held) share.add(22 * MiB);
    const little = memory.of('d');
    expect([held[0]?.exhausted, little.scarce]).toEqual([true, false]);
    little.add(2 * MiB);
    expect([little.scarce, little.exhausted]).toEqual([true, false]);
    for (const share of [...held, little]) share[Symbol.dispose]();
    expect(memory.bytes).toBe(0);
  });

  test('where it is scarce a log keeps less, and tells what it keeps', () => {
    const memory = new LinkMemory(limits);
    const [share, others] = [memory.of('wormhole'), memory.of('wormhole')];
    const before = memory.bytes;
    const log = new Outgoing(resumeDefaults, () => undefined, share);
    const write = (): boolean => log.write([Buffer.alloc(MiB)]);
    for (let n = 0; n < 8; n += 1) expect(write()).toBe(true);
    others.add(8 * MiB);
    expect(write()).toBe(false);
    expect(memory.bytes).toBe(before + 17 * MiB);
    others.add(-8 * MiB);
    expect(log.drained()).toBe(true);
    others.add(32 * MiB);
    expect(new Outgoing(resumeDefaults, () => undefined, share).write([Buffer.alloc(256 * 1024)])).toBe(false);
  });

  test('where it is scarce no window grows', () => {
    const memory = { scarce: true };
    const window = new ReceiveWindow({ left: MiB, memory }, MiB);
    for (let n = 0; n < 2; n += 1) {
      window.spend(window.size);
      window.took(window.size);
      window.grant(n, 10);
    }
    expect(window.size).toBe(256 * 1024);
    memory.scarce = false;
    window.took(window.size);
    window.grant(2, 10);
    expect(window.size).toBe(512 * 1024);
  });
});
