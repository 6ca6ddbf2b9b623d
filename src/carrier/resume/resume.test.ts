import { describe, expect, test } from 'vitest';
import type { FakePipe } from '../../../test/support/fake-pipe.ts';
import { resumeWorld } from '../../../test/support/resume-world.ts';
import { resumeRecord } from './greeting.ts';
import { ackRecord, RecordType, record } from './record.ts';
import { redialSession } from './redial.ts';

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
const lose = (...pipes: FakePipe[]): void => {
  for (const pipe of pipes) pipe.user?.onClose(new Error('ECONNRESET'));
};

describe('a session goes on over another connection', () => {
  test('with what was lost on the way, and only that', () => {
    const { near, far, first, dialer, acceptor, settle, redial } = resumeWorld();
    dialer.write([Buffer.from('arrived, ')]);
    settle(first);
    dialer.write([Buffer.from('lost, ')]);
    acceptor.write([Buffer.from('back')]);
    lose(first.dialed, first.accepted);
    dialer.write([Buffer.from('written meanwhile')]);
    settle(redial(dialer));
    expect(text(far.bytes)).toBe('arrived, lost, written meanwhile');
    expect(text(near.bytes)).toBe('back');
    expect([near.lost, far.lost]).toEqual([['ECONNRESET'], ['ECONNRESET']]);
  });

  test('also when the accepting end did not notice the loss; the old connection is fenced off', () => {
    const { far, first, dialer, settle, redial } = resumeWorld();
    dialer.write([Buffer.from('once ')]);
    const late = first.dialed.take();
    const next = redial(dialer);
    settle(next);
    expect(first.accepted.destroyed).toBe(true);
    first.accepted.feed(late);
    dialer.write([Buffer.from('more')]);
    settle(next);
    expect(text(far.bytes)).toBe('once more');
  });

  test('when both ends dial at once, over the same one of the two at both ends', () => {
    const { near, far, first, dialer, acceptor, settle, redial, failures } = resumeWorld();
    lose(first.dialed, first.accepted);
    dialer.write([Buffer.from('there')]);
    acceptor.write([Buffer.from('back')]);
    const one = redial(dialer);
    const other = redial(acceptor);
    for (let round = 0; round < 3; round += 1) {
      settle(one);
      settle(other);
    }
    expect([text(far.bytes), text(near.bytes)]).toEqual(['there', 'back']);
    expect([dialer.epochs.current, acceptor.epochs.current]).toEqual([3, 3]);
    expect(failures.map(([, why]) => why)).toEqual(['superseded']);
  });

  test('a connection that went silent counts as lost within 5 s, and both ends keep a quiet one alive', () => {
    const { clock, near, first, dialer, settle } = resumeWorld();
    for (let second = 0; second < 120; second += 1) {
      clock.pass(500);
      settle(first);
    }
    expect(near.lost).toEqual([]);
    clock.pass(5_000);
    expect(near.lost).toEqual(['nothing came for 4000 ms']);
    expect(dialer.connected).toBe(false);
  });
});

describe('only the same two ends', () => {
  test('A11: a recorded resumption is refused on any other connection', () => {
    const { first, dialer, acceptor, settle, redial, connection, accept, refusals } = resumeWorld();
    lose(first.dialed, first.accepted);
    const next = redial(dialer);
    const recorded = next.dialed.take();
    next.accepted.feed(recorded);
    settle(next);
    const replay = connection();
    accept(replay, () => acceptor);
    replay.accepted.feed(recorded);
    expect(refusals).toEqual(['the claim to a session is not proved']);
    expect(next.accepted.destroyed).toBe(false);
    dialer.write([Buffer.from('undisturbed')]);
    settle(next);
    expect(acceptor.connected).toBe(true);
  });

  test('A11: a claim that is reflected to its author is refused', () => {
    const { first, dialer, redial, connection, accept, refusals } = resumeWorld();
    lose(first.dialed, first.accepted);
    const next = redial(dialer);
    const mirror = { ...connection(), exporter: next.exporter };
    accept(mirror, () => dialer);
    mirror.accepted.feed(next.dialed.take());
    expect(refusals).toEqual(['the claim to a session is not proved']);
  });

  test('who knows the id and not the secret disturbs nothing, and hears the same as for an id that does not exist', () => {
    const { first, dialer, acceptor, settle, connection, accept, refusals } = resumeWorld();
    const guess = (sessionId: Buffer): Buffer => {
      const next = connection();
      accept(next, () => acceptor);
      const nonce = Buffer.alloc(16);
      next.accepted.feed(resumeRecord({ sessionId, epoch: 99, nonce, received: 0, proof: Buffer.alloc(32) }));
      return next.accepted.take();
    };
    expect(guess(acceptor.id)).toEqual(guess(Buffer.alloc(16)));
    expect(refusals.length).toBe(2);
    dialer.write([Buffer.from('x')]);
    settle(first);
    expect(acceptor.received).toBe(1);
  });

  test('who answers a resumption without the secret is not believed', () => {
    const { first, dialer, connection, failures } = resumeWorld();
    lose(first.dialed);
    const next = connection();
    redialSession(dialer, next.dialed, {
      exporter: next.exporter,
      onResumed: () => {},
      onFailed: (reason, why) => failures.push([reason, why]),
    });
    const forged = Buffer.alloc(60);
    forged.writeUInt32BE(3, 0);
    next.dialed.feed(record(RecordType.resumed, forged));
    expect(failures).toEqual([['the peer does not prove the session', 'lost']]);
    expect(dialer.over).toBe(false);
  });
});

describe('the end', () => {
  test('comes in order, in each direction by itself, and then both close without an error', () => {
    const { near, far, first, dialer, acceptor, settle } = resumeWorld();
    dialer.write([Buffer.from('last words')]);
    dialer.end();
    settle(first);
    expect([far.ends, text(far.bytes), near.ends]).toEqual([1, 'last words', 0]);
    acceptor.write([Buffer.from('answer')]);
    acceptor.end();
    settle(first);
    expect([near.ends, text(near.bytes)]).toEqual([1, 'answer']);
    expect([first.dialed.ended, first.accepted.ended]).toEqual([true, true]);
    first.dialed.user?.onEnd();
    first.accepted.user?.onEnd();
    expect([near.closes, far.closes]).toEqual([[undefined], [undefined]]);
  });

  test('comes with the reason when no connection came within the deadline, and not before', () => {
    const { clock, near, first, dialer } = resumeWorld();
    dialer.write([Buffer.from('x')]);
    lose(first.dialed);
    clock.pass(29_000);
    expect(near.closes).toEqual([]);
    clock.pass(2_000);
    expect(near.closes).toEqual(['the connection to the peer was lost and not replaced within 30000 ms']);
  });

  test('is told to the other end when one gives the session up', () => {
    const { far, first, dialer, settle } = resumeWorld();
    dialer.destroy();
    settle(first);
    expect(far.closes).toEqual(['the peer gave the session up']);
  });

  test('of a peer that restarted is known at once', () => {
    const { first, dialer, connection, accept, settle, failures } = resumeWorld();
    lose(first.dialed);
    const next = connection();
    accept(next, () => undefined);
    redialSession(dialer, next.dialed, {
      exporter: next.exporter,
      onResumed: () => {},
      onFailed: (reason, why) => failures.push([reason, why]),
    });
    settle(next);
    expect(failures).toEqual([['the peer does not know the session; it may have restarted', 'unknown']]);
  });
});

describe('limits', () => {
  test('what is kept is bounded: beyond, write says to wait, and an acknowledgement makes room', () => {
    const { clock, near, far, first, dialer, settle } = resumeWorld({ keepBytes: 100_000 });
    let written = 0;
    while (dialer.write([Buffer.alloc(10_000)])) written += 10_000;
    expect(written).toBe(90_000);
    expect(near.drains).toBe(0);
    settle(first);
    clock.pass(500);
    settle(first);
    expect([near.drains, dialer.kept, Buffer.concat(far.bytes).length]).toEqual([1, 0, 100_000]);
  });

  test.each([
    ['an acknowledgement of what was never sent', ackRecord(1), /never sent/],
    ['a record out of place', record(RecordType.open, Buffer.of(1)), /type 1 in the middle/],
    ['a record without end', Buffer.of(RecordType.ack, 0xff, 0xff, 0xff), /type 17 with 16777215 bytes/],
    ['two ends', Buffer.concat([record(RecordType.end), record(RecordType.end)]), /ended twice/],
  ])('%s ends the session with the reason', (_name, bytes, reason) => {
    const { near, first, dialer } = resumeWorld();
    first.dialed.feed(bytes);
    expect(near.closes).toEqual([expect.stringMatching(reason)]);
    expect(dialer.over).toBe(true);
  });

  test('a connection that begins with anything but a session is refused', () => {
    const { connection, accept, refusals } = resumeWorld();
    for (const bytes of [
      record(RecordType.data, Buffer.of(1)),
      record(RecordType.end),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]) {
      const next = connection();
      accept(next, () => undefined);
      next.accepted.feed(bytes);
    }
    const other = connection();
    accept(other, () => undefined);
    other.accepted.feed(record(RecordType.open, Buffer.of(2)));
    expect(refusals.length).toBe(4);
    expect(refusals.at(-1)).toBe('the peer speaks version 2');
  });
});
