/**
 * The end that was dialed: a connection either begins a session or claims that one goes on.
 */
import { randomBytes } from 'node:crypto';
import { type BytePipe, systemClock } from '../byte-pipe.ts';
import { parseResume, type Resume, resumedRecord } from './greeting.ts';
import type { ResumablePipeOptions } from './options.ts';
import { nonceBytes, otherRole, proofOf, proves } from './proof.ts';
import { protocolVersion, RecordType, Refusal, record } from './record.ts';
import { ResumablePipe } from './resumable-pipe.ts';
import { Wire } from './wire.ts';

export interface AcceptOptions {
  /** Of this connection: its exporter, which becomes the secret of a session that begins on it. */
  readonly exporter: Buffer;
  /** The session of that id, whichever end dialed its first connection. */
  readonly find: (id: Buffer) => ResumablePipe | undefined;
  /** For a session that begins. */
  readonly session: Omit<ResumablePipeOptions, 'role' | 'secret'>;
  readonly onSession: (session: ResumablePipe) => void;
  /** A session goes on. */
  readonly onResumed: (session: ResumablePipe) => void;
  /** Neither; the connection is closed. */
  readonly onRefused: (reason: string) => void;
}

/** Takes a connection that was dialed by the other end. The caller bounds how long it may take to say anything. */
export function acceptSession(pipe: BytePipe, options: AcceptOptions): void {
  const wire = new Wire(pipe, {
    onData: () => drop('bytes came before a session'),
    onWrong: (sentence) => drop(`the peer ${sentence}`),
    onDrain: () => {},
    onLost: (reason) => drop(reason),
    onRecord: (type, body) => {
      if (type === RecordType.open) open(body);
      else if (type === RecordType.resume) resume(body);
      else drop(`the connection began with a record of type ${type}`);
    },
  });

  function drop(reason: string): void {
    wire.fence();
    options.onRefused(reason);
  }

  function refuse(code: number, reason: string): void {
    wire.farewell(record(RecordType.refused, Buffer.of(code)), options.session.clock ?? systemClock);
    options.onRefused(reason);
  }

  function open(body: Buffer): void {
    if (body[0] !== protocolVersion) return refuse(Refusal.version, `the peer speaks version ${body[0] ?? 0}`);
    const session = new ResumablePipe({ ...options.session, role: 'acceptor', secret: options.exporter });
    session.attach(wire, 1, 0);
    options.onSession(session);
  }

  function resume(body: Buffer): void {
    const claim = parseResume(body);
    if (claim === undefined) return drop('the claim to a session is malformed');
    if (claim.version !== protocolVersion) return refuse(Refusal.version, `the peer speaks version ${claim.version}`);
    const session = options.find(claim.sessionId);
    // One answer for what does not exist, what is over and what is not proved: it says nothing about what exists.
    if (session === undefined || session.over || !isProved(session, claim)) {
      return refuse(
        Refusal.unknown,
        session === undefined ? 'no such session' : 'the claim to a session is not proved',
      );
    }
    if (!session.epochs.mayTake(claim.epoch)) return refuse(Refusal.stale, 'a newer connection exists');
    goOn(session, claim);
  }

  function isProved(session: ResumablePipe, { epoch, nonce, received, proof }: Resume): boolean {
    const { exporter } = options;
    return proves(session.secret, { role: otherRole(session.role), exporter, epoch, nonces: [nonce], received }, proof);
  }

  function goOn(session: ResumablePipe, claim: Resume): void {
    session.epochs.abandon();
    session.fence();
    if (!session.canGoOnAt(claim.received)) {
      session.onWrong('received what it was never sent');
      return refuse(Refusal.unknown, 'the peer is of another opinion about what was sent');
    }
    const { secret, role, received } = session;
    const { epoch } = claim;
    const nonce = randomBytes(nonceBytes);
    const { exporter } = options;
    const proof = proofOf(secret, { role, exporter, epoch, nonces: [claim.nonce, nonce], received });
    wire.send(resumedRecord({ epoch, nonce, received, proof }));
    session.attach(wire, epoch, claim.received);
    options.onResumed(session);
  }
}
