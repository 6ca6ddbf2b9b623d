/**
 * The end that dialed a connection: begins a session on it, or asks that one goes on.
 */
import { randomBytes } from 'node:crypto';
import type { BytePipe } from '../byte-pipe.ts';
import { parseResumed, resumeRecord } from './greeting.ts';
import type { ResumablePipeOptions } from './options.ts';
import { nonceBytes, otherRole, proofOf, proves } from './proof.ts';
import { protocolVersion, RecordType, Refusal, record } from './record.ts';
import { ResumablePipe } from './resumable-pipe.ts';
import { Wire, type WireOwner } from './wire.ts';

/** Begins a session on a connection that this end dialed, and that is the session's from here on. */
export function beginSession(pipe: BytePipe, options: Omit<ResumablePipeOptions, 'role'>): ResumablePipe {
  const session = new ResumablePipe({ ...options, role: 'dialer' });
  const wire = new Wire(pipe, session);
  wire.send(record(RecordType.open, Buffer.of(protocolVersion)));
  session.attach(wire, 1, 0);
  return session;
}

/**
 * `superseded`: a newer connection took its place, there is nothing to do. `unknown`: whoever answered does not know the
 * session; that cannot be proved, since who lost the session has lost its secret. The session stays until its deadline,
 * and the caller may know better and end it. `lost`: anything else; try again.
 */
export type RedialFailure = 'superseded' | 'unknown' | 'lost';

export interface RedialOptions {
  /** Of the new connection; the same bytes at its two ends, and at no other connection's. */
  readonly exporter: Buffer;
  /** The session goes on. */
  readonly onResumed: () => void;
  /** It does not over this connection. */
  readonly onFailed: (reason: string, why: RedialFailure) => void;
}

/**
 * Asks that `session` goes on over a connection that this end dialed. Either end may do so, and may try again meanwhile.
 *
 * The present connection is fenced off first: the offset that is sent must stay true.
 */
export function redialSession(session: ResumablePipe, pipe: BytePipe, options: RedialOptions): void {
  if (session.over) {
    pipe.destroy();
    options.onFailed('the session is over', 'unknown');
    return;
  }
  const epoch = session.epochs.begin(() => give('another connection came first', 'superseded'));
  const nonce = randomBytes(nonceBytes);
  const { exporter } = options;
  session.fence();
  const { secret, role, received } = session;
  const owner: WireOwner = {
    onData: () => give('the peer sent bytes before it answered'),
    onWrong: (sentence) => give(`the peer ${sentence}`),
    onDrain: () => {},
    onLost: (reason) => give(reason),
    onRecord: (type, body) => answered(type, body),
  };
  const wire = new Wire(pipe, owner);
  const proof = proofOf(secret, { role, exporter, epoch, nonces: [nonce], received });
  wire.send(resumeRecord({ sessionId: session.id, epoch, nonce, received, proof }));

  function give(reason: string, why: RedialFailure = 'lost'): void {
    session.epochs.settle(epoch);
    wire.fence();
    options.onFailed(reason, why);
  }

  function answered(type: number, body: Buffer): void {
    if (type === RecordType.refused) return refused(body[0] ?? 0);
    const answer = type === RecordType.resumed ? parseResumed(body) : undefined;
    if (answer === undefined) return give(`the peer answered with a record of type ${type}`);
    const claim = { role: otherRole(role), exporter, epoch, nonces: [nonce, answer.nonce], received: answer.received };
    if (answer.epoch !== epoch || !proves(secret, claim, answer.proof))
      return give('the peer does not prove the session');
    session.epochs.settle(epoch);
    if (!session.canGoOnAt(answer.received)) {
      wire.fence();
      session.onWrong('received what it was never sent');
      return options.onFailed('the peer is of another opinion about what was sent', 'unknown');
    }
    session.attach(wire, epoch, answer.received);
    options.onResumed();
  }

  function refused(reason: number): void {
    // It has closed, and so may we, if there was nothing left but to hear of it.
    if (reason === Refusal.unknown) session.closeIfComplete();
    if (reason === Refusal.unknown) give('the peer does not know the session; it may have restarted', 'unknown');
    else give(reason === Refusal.stale ? 'the peer has a newer connection' : `the peer refused with reason ${reason}`);
  }
}
