/** What streams hold in memory, as far as the engine lets anybody know. */
import { expect, test } from 'vitest';
import { connect, listen, opened, streamOf } from '../../../test/support/quic-ends.ts';
import type { WormholeError } from '../../lib/errors.ts';
import { type Held, streamCost } from '../memory.ts';
import { defaultTransport } from './config.ts';
import type { QuicStream, QuicStreamUser } from './engine.ts';
import { quicheEngine } from './quiche-engine.ts';

const { firstWindow, streamWindow } = defaultTransport;

class Account implements Held {
  bytes = 0;
  most = Number.POSITIVE_INFINITY;
  readonly scarce = false;
  get exhausted(): boolean {
    return this.bytes >= this.most;
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }
}

/** Reads all that there is, as long as it may. */
class Reader implements QuicStreamUser {
  reads = false;
  bytes = 0;
  broken: WormholeError | undefined;
  readonly #stream: QuicStream;
  readonly #area = Buffer.alloc(64 << 10);

  constructor(stream: QuicStream, held: Held) {
    this.#stream = stream;
    stream.attach(this, held);
  }

  onReadable(): void {
    if (!this.reads) return;
    for (let count = -1; count !== 0; this.bytes += count) count = this.#stream.read(this.#area);
  }

  onWritable(): void {}

  onBroken(reason: WormholeError): void {
    this.broken = reason;
  }
}

/** Two ends, and streams of the one that send as much as they may, of which the other end reads what a test wants. */
async function world(account: Held) {
  const engine = await quicheEngine();
  const there = await listen(engine);
  const near = await connect(engine, there.listener.address.port);
  const far = await there.next();
  return {
    near,
    sending: async (bytes: number): Promise<Reader> => {
      const coming = streamOf(far);
      const stream = opened(near);
      const block = Buffer.alloc(Math.min(bytes, 1 << 20));
      let left = bytes;
      const pour = (): void => {
        for (let taken = -1; taken !== 0 && left > 0; left -= taken) taken = stream.write(block.subarray(0, left));
      };
      stream.attach({ onReadable: () => undefined, onWritable: pour, onBroken: () => undefined });
      pour();
      return new Reader(await coming, account);
    },
    async [Symbol.asyncDispose]() {
      await there[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

test('A22 of what is left unread all counts that its window has room for; where that is too much the largest goes', async () => {
  const account = new Account();
  await using ends = await world(account);
  const one = await ends.sending(Number.MAX_SAFE_INTEGER);
  await expect.poll(() => account.bytes).toBe(streamCost + firstWindow);
  one.reads = true;
  one.onReadable();
  await expect.poll(() => one.bytes).toBeGreaterThan(4 * streamWindow);
  one.reads = false;
  // As far as the window has grown on a way as short as this.
  await expect.poll(() => account.bytes).toBeGreaterThan(streamCost + firstWindow);
  expect(account.bytes).toBeLessThanOrEqual(streamCost + streamWindow);

  account.most = account.bytes + firstWindow / 2;
  const other = await ends.sending(1 << 20);
  await expect.poll(() => one.broken?.code).toBe('WH_ERR_LIMIT');
  await expect.poll(() => account.bytes).toBe(streamCost + firstWindow);
  expect(other.broken).toBeUndefined();

  ends.near.close();
  await expect.poll(() => other.broken?.code).toBe('WH_ERR_ABORTED');
  expect(account.bytes).toBe(0);
});

test('of many streams that are left unread no more counts than has come at all', async () => {
  const account = new Account();
  await using ends = await world(account);
  const all: Reader[] = [];
  while (all.length < 200) all.push(await ends.sending(100));
  // A packet is far more than a hundred bytes, and there may be one for each of them.
  await expect.poll(() => account.bytes).toBeGreaterThan(200 * (streamCost + 100));
  expect(account.bytes).toBeLessThan(200 * (streamCost + 2_000));
  for (const one of all) {
    one.reads = true;
    one.onReadable();
  }
  expect([account.bytes, all.every(({ bytes }) => bytes === 100)]).toEqual([200 * streamCost, true]);
  ends.near.close();
  await expect.poll(() => account.bytes).toBe(0);
});
