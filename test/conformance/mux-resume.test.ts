/**
 * The mux over a resumable pipe over real connections, which are cut again and again under its streams.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MuxSession } from '../../src/carrier/mux/session.ts';
import type { MuxStream } from '../../src/carrier/mux/stream.ts';
import { streamDuplex } from '../../src/carrier/mux/stream-duplex.ts';
import { acceptSession } from '../../src/carrier/resume/accept.ts';
import { beginSession, redialSession } from '../../src/carrier/resume/redial.ts';
import type { ResumablePipe } from '../../src/carrier/resume/resumable-pipe.ts';
import { socketPipe } from '../../src/carrier/socket-pipe.ts';
import { socketPair } from '../support/socket-pair.ts';

/** Two ends of a session whose connection can be replaced; the mux over it leaves signs of life to the pipe. */
class World {
  #pair: [Socket, Socket] | undefined;
  #dialer: ResumablePipe | undefined;
  #acceptor: ResumablePipe | undefined;
  readonly resumed: number[] = [];
  dialerMux: MuxSession | undefined;
  acceptorMux: MuxSession | undefined;

  async dial(onStream: (stream: MuxStream) => void): Promise<void> {
    this.#pair = await socketPair();
    const [dialed, accepted] = this.#pair;
    const exporter = randomBytes(32);
    acceptSession(socketPipe(accepted), {
      exporter,
      find: (id) => (this.#acceptor?.id.equals(id) === true ? this.#acceptor : undefined),
      session: {},
      onSession: (session) => {
        this.#acceptor = session;
        this.acceptorMux = new MuxSession(session, mux(false, onStream));
      },
      onResumed: (session) => this.resumed.push(session.epochs.current),
      onRefused: () => {},
    });
    if (this.#dialer === undefined) {
      const onLost = (): void => void this.dial(onStream);
      this.#dialer = beginSession(socketPipe(dialed), { secret: exporter, onLost });
      this.dialerMux = new MuxSession(
        this.#dialer,
        mux(true, () => {}),
      );
      return;
    }
    redialSession(this.#dialer, socketPipe(dialed), { exporter, onResumed: () => {}, onFailed: () => {} });
  }

  /** Cuts the present connection at one of its ends. */
  cut(end: 0 | 1): void {
    this.#pair?.[end].destroy();
  }
}

const mux = (dialed: boolean, onStream: (stream: MuxStream) => void) => ({
  dialed,
  onStream,
  onClose: () => {},
  limits: { deadAfterMs: Infinity },
});

test('a connection cut 20 times during 50 transfers: every byte arrives, no stream notices', async () => {
  const world = new World();
  const sums: Promise<string>[] = [];
  await world.dial((stream) => {
    stream.accept();
    const duplex = streamDuplex(stream);
    duplex.pipe(duplex);
  });
  const block = randomBytes(2 * 1024 * 1024);
  for (let count = 0; count < 50; count += 1) {
    const stream = world.dialerMux?.openStream();
    if (stream === undefined) throw new Error('there is no session');
    const duplex = streamDuplex(stream);
    const hash = createHash('sha256');
    sums.push(
      new Promise((resolve, reject) => {
        duplex.on('data', (chunk: Buffer) => void hash.update(chunk));
        duplex.on('end', () => resolve(hash.digest('hex')));
        duplex.on('error', reject);
      }),
    );
    for (let at = 0; at < block.length; at += 50_000) duplex.write(block.subarray(at, at + 50_000));
    duplex.end();
  }
  for (let cut = 0; cut < 20; cut += 1) {
    await delay(10);
    world.cut(cut % 2 === 0 ? 0 : 1);
    await expect.poll(() => world.resumed.length, { interval: 2 }).toBe(cut + 1);
  }
  const right = createHash('sha256').update(block).digest('hex');
  expect(new Set(await Promise.all(sums))).toEqual(new Set([right]));
  expect(world.resumed.length).toBe(20);
  world.dialerMux?.destroy();
  world.acceptorMux?.destroy();
});
