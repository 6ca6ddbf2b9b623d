/**
 * What two ends do together, whatever carries their streams and whoever wrote either of them: bytes, ends, resets, windows.
 *
 * Runs over a real connection. What only our own implementation promises is in `mux-ours.test.ts`.
 */
import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { EndStream, MakeEnd, MuxEnd } from '../support/mux-ends.ts';
import { socketPair } from '../support/socket-pair.ts';

/** What streams are asked of, whatever carries them. */
type StreamsEnd = Pick<MuxEnd, 'open' | 'ping' | 'destroy'>;

/** Two ends that are connected; what the other end opens goes to `to…`. */
export type MakePair<End> = (
  toDialer: (stream: EndStream) => void,
  toAcceptor: (stream: EndStream) => void,
) => Promise<{ readonly dialer: End; readonly acceptor: End }>;

/** The session under test: what the other end opens comes to the end's own row. */
interface Pair<End> {
  readonly dialer: End;
  readonly acceptor: End;
  /** The next stream that the acceptor or the dialer is given. */
  readonly atAcceptor: () => Promise<EndStream>;
  readonly atDialer: () => Promise<EndStream>;
}

/** A row that is filled from one side and waited for from the other. */
function row<T>(): { readonly put: (value: T) => void; readonly take: () => Promise<T> } {
  const values: T[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    put: (value) => {
      const taker = takers.shift();
      if (taker === undefined) values.push(value);
      else taker(value);
    },
    take: () => {
      const value = values.shift();
      return value === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(value);
    },
  };
}

async function all(stream: EndStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.chunks) chunks.push(Uint8Array.prototype.slice.call(chunk));
  return Buffer.concat(chunks);
}

/** Pseudo-random bytes that are the same for the same seed. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed | 1;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

async function sendAll(stream: EndStream, bytes: Buffer, step: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += step) await stream.write(bytes.subarray(at, at + step));
  stream.end();
}

async function digest(stream: EndStream): Promise<{ bytes: number; sha: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream.chunks) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, sha: hash.digest('hex') };
}

const shaOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** @param makers of the end that dials and of the end that is dialed */
export function muxContract(makeDialer: MakeEnd, makeAcceptor: MakeEnd): void {
  const pair = streamContract<MuxEnd>(async (toDialer, toAcceptor) => {
    const [dialed, accepted] = await socketPair();
    return {
      dialer: makeDialer(dialed, { dialed: true, onStream: toDialer }),
      acceptor: makeAcceptor(accepted, { dialed: false, onStream: toAcceptor }),
    };
  });

  test('after GOAWAY of the other end no stream can be opened', async () => {
    const { dialer, acceptor } = await pair();
    await dialer.ping();
    acceptor.goAway();
    await expect
      .poll(() => {
        try {
          dialer.open();
          return 'opened';
        } catch {
          return 'refused';
        }
      })
      .toBe('refused');
  });
}

/** What streams do on every carrier. @returns a pair for more tests */
export function streamContract<End extends StreamsEnd>(makePair: MakePair<End>): () => Promise<Pair<End>> {
  let living: End[] = [];

  afterEach(() => {
    for (const end of living) end.destroy();
    living = [];
  });

  async function pair(): Promise<Pair<End>> {
    const toDialer = row<EndStream>();
    const toAcceptor = row<EndStream>();
    const { dialer, acceptor } = await makePair(toDialer.put, toAcceptor.put);
    living = [dialer, acceptor];
    return { dialer, acceptor, atAcceptor: toAcceptor.take, atDialer: toDialer.take };
  }

  test('both ends open streams, and both directions of each carry their own bytes', async () => {
    const { dialer, acceptor, atAcceptor, atDialer } = await pair();
    for (const [from, at] of [[dialer, atAcceptor] as const, [acceptor, atDialer] as const]) {
      const near = from.open();
      await near.write(Buffer.from('there'));
      near.end();
      const far = await at();
      await far.write(Buffer.from('and back'));
      far.end();
      expect((await all(far)).toString()).toBe('there');
      expect((await all(near)).toString()).toBe('and back');
    }
  });

  test('a direction that ended leaves the other open', async () => {
    const { dialer, atAcceptor } = await pair();
    const near = dialer.open();
    await near.write(Buffer.from('question'));
    near.end();
    const far = await atAcceptor();
    expect((await all(far)).toString()).toBe('question');
    const answer = pattern(1024 * 1024, 3);
    const sent = sendAll(far, answer, 10_000);
    expect(await digest(near)).toEqual({ bytes: answer.length, sha: shaOf(answer) });
    await sent;
  });

  test('the end alone arrives, without a byte before it', async () => {
    const { dialer, atAcceptor } = await pair();
    const near = dialer.open();
    near.end();
    const far = await atAcceptor();
    expect((await all(far)).length).toBe(0);
    far.end();
    expect((await all(near)).length).toBe(0);
  });

  test('64 MiB go each way at once, unchanged', async () => {
    const { dialer, atAcceptor } = await pair();
    const bytes = [pattern(64 * 1024 * 1024, 5), pattern(64 * 1024 * 1024, 7)] as const;
    const near = dialer.open();
    const sentThere = sendAll(near, bytes[0], 60_000);
    const far = await atAcceptor();
    const sentBack = sendAll(far, bytes[1], 100_000);
    const [there, back] = await Promise.all([digest(far), digest(near), sentThere, sentBack]);
    expect(there).toEqual({ bytes: bytes[0].length, sha: shaOf(bytes[0]) });
    expect(back).toEqual({ bytes: bytes[1].length, sha: shaOf(bytes[1]) });
  });

  test.each([1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 512 * 1024 + 1])(
    'exactly %i bytes arrive, around the edges of the first window',
    async (length) => {
      const { dialer, atAcceptor } = await pair();
      const bytes = pattern(length, length);
      const near = dialer.open();
      const sent = sendAll(near, bytes, length);
      expect(await digest(await atAcceptor())).toEqual({ bytes: length, sha: shaOf(bytes) });
      await sent;
    },
  );

  test('a reset ends both directions at the other end, and no other stream', async () => {
    const { dialer, atAcceptor } = await pair();
    const doomed = dialer.open();
    await doomed.write(Buffer.from('x'));
    const far = await atAcceptor();
    const other = dialer.open();
    await other.write(Buffer.from('before '));
    const otherFar = await atAcceptor();
    doomed.reset();
    await expect(all(far)).rejects.toThrow();
    await other.write(Buffer.from('and after'));
    other.end();
    expect((await all(otherFar)).toString()).toBe('before and after');
  });

  test('a stream that is not read stops its writer, and nobody else', async () => {
    const { dialer, atAcceptor } = await pair();
    const stalled = dialer.open();
    void sendAll(stalled, pattern(4 * 1024 * 1024, 1), 32 * 1024).catch(() => {});
    await atAcceptor();
    const bytes = pattern(8 * 1024 * 1024, 9);
    const near = dialer.open();
    const sent = sendAll(near, bytes, 64 * 1024);
    expect(await digest(await atAcceptor())).toEqual({ bytes: bytes.length, sha: shaOf(bytes) });
    await sent;
  });

  test('10,000 short streams, at most 200 at a time, each with its own answer', async () => {
    const { dialer, atAcceptor } = await pair();
    const serve = async (): Promise<void> => {
      for (let count = 0; count < 10_000; count += 1) {
        const far = await atAcceptor();
        void all(far).then(async (question) => {
          await far.write(Buffer.concat([Buffer.from('re: '), question]));
          far.end();
        });
      }
    };
    let asked = 0;
    let right = 0;
    const ask = async (): Promise<void> => {
      while (asked < 10_000) {
        asked += 1;
        const question = `question ${asked}`;
        const near = dialer.open();
        await near.write(Buffer.from(question));
        near.end();
        if ((await all(near)).toString() === `re: ${question}`) right += 1;
      }
    };
    await Promise.all([serve(), ...Array.from({ length: 200 }, ask)]);
    expect(right).toBe(10_000);
  });

  test('each end answers the other’s ping', async () => {
    const { dialer, acceptor } = await pair();
    expect(await dialer.ping()).toBeGreaterThanOrEqual(0);
    expect(await acceptor.ping()).toBeGreaterThanOrEqual(0);
  });

  return pair;
}
