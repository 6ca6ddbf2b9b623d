import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/support/fake-pipe.ts';
import { dice, Link } from '../../../test/support/link-sim.ts';
import { acceptSession } from './accept.ts';
import { beginSession, redialSession } from './redial.ts';
import type { ResumablePipe } from './resumable-pipe.ts';

/** Byte `at` of what an end sends. */
const byteAt = (at: number, salt: number): number => (Math.imul(at, 31) + (at >>> 8) * 7 + salt) & 0xff;

/** One end's use of the pipe: sends `total` bytes with its back-pressure, and checks each byte that comes. */
class Party {
  readonly salt: number;
  readonly total: number;
  session: ResumablePipe | undefined;
  sent = 0;
  came = 0;
  wrong = 0;
  ends = 0;
  closes: (Error | undefined)[] = [];
  #room = true;
  mostKept = 0;

  constructor(salt: number, total: number) {
    this.salt = salt;
    this.total = total;
  }

  use(session: ResumablePipe): void {
    this.session = session;
    const theirs = 1 - this.salt;
    session.start({
      onBytes: (bytes) => {
        for (const byte of bytes) {
          if (byte !== byteAt(this.came, theirs)) this.wrong += 1;
          this.came += 1;
        }
      },
      onDrain: () => (this.#room = true),
      onEnd: () => (this.ends += 1),
      onClose: (error) => this.closes.push(error),
    });
  }

  step(roll: (below: number) => number): void {
    const { session } = this;
    if (session === undefined || !this.#room || this.sent > this.total) return;
    if (this.sent === this.total) {
      this.sent += 1;
      session.end();
      return;
    }
    const length = Math.min(1 + roll(6_000), this.total - this.sent);
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) bytes[at] = byteAt(this.sent + at, this.salt);
    this.sent += length;
    const cut = roll(length);
    this.#room = session.write([bytes.subarray(0, cut), bytes.subarray(cut)]);
    this.mostKept = Math.max(this.mostKept, session.kept);
  }
}

interface Schedule {
  readonly seed: number;
  readonly totals: readonly [number, number];
  readonly budgets: readonly number[];
}

const limits = { keepBytes: 24 * 1024, ackBytes: 1_024, batch: 4 * 1024 };

/** Plays a whole life; returns the parties when both have closed. */
function play({ seed, totals, budgets }: Schedule): { parties: [Party, Party]; resumed: number } {
  const roll = dice(seed);
  const clock = new FakeClock();
  const left = [...budgets];
  const dialer = new Party(0, totals[0]);
  const acceptor = new Party(1, totals[1]);
  const parties: [Party, Party] = [dialer, acceptor];
  let links: Link[] = [];
  let redialAt: [number, number] = [Infinity, Infinity];
  let resumed = 0;
  let step = 0;
  const onLost = (side: 0 | 1) => () => {
    redialAt[side] = Math.min(redialAt[side], step + 1 + roll(side === 0 ? 60 : 300));
  };

  /** The party of `side` dials. The first connection begins the session. */
  const dial = (side: 0 | 1): void => {
    redialAt[side] = Infinity;
    const link = new Link(left.shift() ?? Infinity);
    links.push(link);
    const exporter = Buffer.alloc(32, links.length + 1);
    exporter.writeUInt32BE(step, 0);
    const own = parties[side].session;
    acceptSession(link.far, {
      exporter,
      find: (id) => {
        const session = (parties[1 - side] as Party).session;
        return session?.id.equals(id) === true ? session : undefined;
      },
      session: { clock, limits, onLost: onLost(1) },
      onSession: (session) => acceptor.use(session),
      onResumed: () => (resumed += 1),
      onRefused: () => {},
    });
    if (own === undefined) {
      dialer.use(beginSession(link.near, { clock, limits, secret: exporter, onLost: onLost(0) }));
      return;
    }
    redialSession(own, link.near, {
      exporter,
      onResumed: () => {},
      onFailed: (_reason, why) => {
        if (why === 'lost') onLost(side)();
      },
    });
  };

  dial(0);
  for (; step < 60_000 && parties.some(({ closes }) => closes.length === 0); step += 1) {
    if (step % 4 === 0) clock.pass(1 + roll(20));
    for (const party of parties) party.step(roll);
    for (const link of links) link.step(roll);
    if (step % 64 === 0) links = links.filter((link) => !link.over);
    for (const side of [0, 1] as const) {
      if (parties[side].session?.connected === true || parties[side].session?.over === true) redialAt[side] = Infinity;
      if (step >= redialAt[side]) dial(side);
    }
    // A connection that its end gave up although it lived: a laptop that changed its network.
    if (left.length > 0 && acceptor.session !== undefined && roll(400) === 0) dial(roll(3) === 0 ? 1 : 0);
  }
  redialAt = [Infinity, Infinity];
  return { parties, resumed };
}

test('1,000 lives with cuts anywhere: no byte is lost or doubled, both ends hear the end once and close without an error', () => {
  let resumptions = 0;
  const schedule = fc.record({
    seed: fc.nat(),
    totals: fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 60_000 })),
    // From after the first connection's greeting on: before the acceptor knows the session there is none to resume.
    budgets: fc.array(fc.integer({ min: 5, max: 20_000 }), { maxLength: 12 }),
  });
  fc.assert(
    fc.property(schedule, (plan) => {
      const { parties, resumed } = play(plan);
      resumptions += resumed;
      for (const [at, party] of parties.entries()) {
        const other = parties[1 - at] as Party;
        expect(party).toMatchObject({ wrong: 0, came: other.total, ends: 1, closes: [undefined] });
        expect(party.mostKept).toBeLessThanOrEqual(limits.keepBytes + 6_000);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(resumptions).toBeGreaterThan(1_000);
}, 120_000);
