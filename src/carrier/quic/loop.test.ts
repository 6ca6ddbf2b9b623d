/** The loop around a port of memory, with members that throw. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Loop, type Member } from './loop.ts';
import type { Port, Remote } from './port.ts';

const remote = {} as Remote;

/** Nothing comes and everything goes; turns are the test's. */
class MemoryPort implements Port {
  readonly local = { host: '127.0.0.1', port: 1 };
  readonly remote = remote;
  readonly prompt = true;
  readonly sent: string[] = [];
  next: (() => void) | undefined;
  #space = Buffer.alloc(0);
  receive(): number {
    return 0;
  }
  refused(): boolean {
    return false;
  }
  space(size: number): Buffer {
    this.#space = Buffer.alloc(size);
    return this.#space;
  }
  commit(length: number): void {
    this.sent.push(this.#space.toString('latin1', 0, length));
  }
  flush(): boolean {
    return true;
  }
  soon(run: () => void): void {
    this.next = run;
  }
  whenReadable(): void {}
  close(): void {}
  turn(): void {
    const { next } = this;
    this.next = undefined;
    next?.();
  }
}

/** Expires once, at its deadline, and then has one packet to send. */
class Once implements Member {
  readonly remote = remote;
  readonly packetBytes = 8;
  deadline: number;
  readonly #name: string;
  readonly #settled: () => void;
  #packets = 0;

  constructor(name: string, inMs: number, settled: () => void = () => undefined) {
    this.#name = name;
    this.deadline = performance.now() + inMs;
    this.#settled = settled;
  }
  expire(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#packets = 1;
  }
  suspect(): void {}
  settle(): void {
    if (this.#packets > 0) this.#settled();
  }
  fill(space: Buffer): number {
    if (this.#packets === 0) return 0;
    this.#packets -= 1;
    return space.write(this.#name);
  }
}

let port: MemoryPort;
let loop: Loop;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  port = new MemoryPort();
  loop = new Loop(port, () => undefined);
});
afterEach(() => {
  loop.close();
  vi.useRealTimers();
});

test('a turn in which one throws is thrown when it is done: the others had theirs, and the next timer comes', () => {
  loop.add(
    new Once('one', 10, () => {
      throw new Error('a bug of its user');
    }),
  );
  loop.add(new Once('two', 10));
  loop.add(new Once('three', 50));
  port.turn();
  vi.advanceTimersByTime(10);
  expect(() => port.turn()).toThrow('a bug of its user');
  expect(port.sent).toEqual(['one', 'two']);
  vi.advanceTimersByTime(40);
  port.turn();
  expect(port.sent).toEqual(['one', 'two', 'three']);
});
