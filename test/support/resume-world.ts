/**
 * A session under resumption whose connections are fake pipes: what one end writes is carried to the other by `settle`.
 */
import { acceptSession } from '../../src/carrier/resume/accept.ts';
import { beginSession, type RedialFailure, redialSession } from '../../src/carrier/resume/redial.ts';
import type { ResumablePipe } from '../../src/carrier/resume/resumable-pipe.ts';
import { FakeClock, FakePipe } from './fake-pipe.ts';

/** The two ends of one connection. */
export interface Connection {
  readonly dialed: FakePipe;
  readonly accepted: FakePipe;
  readonly exporter: Buffer;
}

/** What one end has seen. */
export interface Seen {
  readonly bytes: Buffer[];
  ends: number;
  readonly closes: (string | undefined)[];
  readonly lost: string[];
  drains: number;
}

const seen = (): Seen => ({ bytes: [], ends: 0, closes: [], lost: [], drains: 0 });

function use(session: ResumablePipe, log: Seen): ResumablePipe {
  session.start({
    onBytes: (bytes) => log.bytes.push(bytes),
    onEnd: () => (log.ends += 1),
    onDrain: () => (log.drains += 1),
    onClose: (error) => log.closes.push(error?.message),
  });
  return session;
}

export function resumeWorld(limits: { keepBytes?: number } = {}) {
  const clock = new FakeClock();
  const near = seen();
  const far = seen();
  const refusals: string[] = [];
  const failures: [string, RedialFailure][] = [];
  let acceptor: ResumablePipe | undefined;
  let connections = 0;

  const connection = (): Connection => {
    connections += 1;
    return { dialed: new FakePipe(), accepted: new FakePipe(), exporter: Buffer.alloc(32, connections) };
  };

  const accept = ({ accepted, exporter }: Connection, known: () => ResumablePipe | undefined): void =>
    acceptSession(accepted, {
      exporter,
      find: (id) => (known()?.id.equals(id) === true ? known() : undefined),
      session: { clock, limits, onLost: (reason) => far.lost.push(reason) },
      onSession: (session) => (acceptor = use(session, far)),
      onResumed: () => {},
      onRefused: (reason) => refusals.push(reason),
    });

  /** Carries both ways until nothing is left to carry. */
  const settle = ({ dialed, accepted }: Connection): void => {
    for (let idle = 0; idle < 2; ) {
      const there = dialed.take();
      const back = accepted.take();
      idle = there.length + back.length === 0 ? idle + 1 : 0;
      if (there.length > 0) accepted.feed(there);
      if (back.length > 0) dialed.feed(back);
    }
  };

  const first = connection();
  accept(first, () => undefined);
  const dialer = use(
    beginSession(first.dialed, {
      secret: first.exporter,
      clock,
      limits,
      onLost: (reason) => near.lost.push(reason),
    }),
    near,
  );
  settle(first);
  if (acceptor === undefined) throw new Error('the session did not begin');
  const far1: ResumablePipe = acceptor;

  /** `from` dials anew; nothing is carried yet. */
  const redial = (from: ResumablePipe, next = connection()): Connection => {
    accept(next, () => (from === dialer ? far1 : dialer));
    redialSession(from, next.dialed, {
      exporter: next.exporter,
      onResumed: () => {},
      onFailed: (reason, why) => failures.push([reason, why]),
    });
    return next;
  };

  return { clock, near, far, refusals, failures, connection, accept, settle, first, dialer, acceptor: far1, redial };
}
