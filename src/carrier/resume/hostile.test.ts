/** A peer that holds the key, and says what no end of ours would. */
import { expect, test } from 'vitest';
import type { FakePipe } from '../../../test/support/fake-pipe.ts';
import { resumeWorld } from '../../../test/support/resume-world.ts';
import { resumeRecord } from './greeting.ts';
import { proofOf } from './proof.ts';
import { ackRecord, RecordType, record } from './record.ts';
import { redialSession } from './redial.ts';

const lose = (...pipes: FakePipe[]): void => {
  for (const pipe of pipes) pipe.user?.onClose(new Error('ECONNRESET'));
};

test('what was written and not sent yet cannot be acknowledged', () => {
  const { near, first, dialer } = resumeWorld();
  first.dialed.room = false;
  dialer.write([Buffer.from('fills it')]);
  dialer.write([Buffer.from('waits')]);
  first.dialed.feed(ackRecord(9));
  expect(near.closes).toEqual([expect.stringMatching(/never sent/)]);
});

test('numbers at the end of their range are refused in a claim, and throw nowhere', () => {
  const { first, dialer, acceptor, connection, accept, refusals } = resumeWorld();
  const tail = (epoch: number, offset: bigint): Buffer => {
    const bytes = Buffer.alloc(60);
    bytes.writeUInt32BE(epoch, 0);
    bytes.writeBigUInt64BE(offset, 20);
    return bytes;
  };
  const claim = (epoch: number, offset: bigint): void => {
    const next = connection();
    accept(next, () => acceptor);
    next.accepted.feed(record(RecordType.resume, Buffer.concat([Buffer.of(1), acceptor.id, tail(epoch, offset)])));
  };
  claim(3, 2n ** 64n - 1n);
  claim(3, 2n ** 53n);
  expect(refusals).toEqual(Array(2).fill('the claim to a session is malformed'));
  lose(first.dialed);
  const next = connection();
  redialSession(dialer, next.dialed, { exporter: next.exporter, onResumed: () => {}, onFailed: () => {} });
  next.dialed.feed(record(RecordType.resumed, tail(3, 2n ** 64n - 1n)));
  expect([dialer.over, acceptor.over]).toEqual([false, false]);
});

test('a peer cannot use up the numbers of attempts', () => {
  const { first, dialer, acceptor, connection, accept, redial, settle, refusals } = resumeWorld();
  lose(first.dialed, first.accepted);
  const { secret, role, received } = dialer;
  const epoch = 2 ** 32 - 1;
  const nonce = Buffer.alloc(16, 7);
  const next = connection();
  accept(next, () => acceptor);
  const proof = proofOf(secret, { role, exporter: next.exporter, epoch, nonces: [nonce], received });
  next.accepted.feed(resumeRecord({ sessionId: acceptor.id, epoch, nonce, received, proof }));
  expect(refusals).toEqual(['a newer connection exists']);
  settle(redial(acceptor));
  expect(acceptor.connected).toBe(true);
});
