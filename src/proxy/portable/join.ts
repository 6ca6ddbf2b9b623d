/**
 * Joins two streams until both directions have ended.
 *
 *     client ──data──► target      a full buffer pauses its source: memory is bounded
 *     client ──FIN───► target      each direction ends by itself; done when both have
 *     client ──RST───► target      an error of one side resets the other
 *
 * The caller gives both streams away: whatever ends the join, they are destroyed when it resolves.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { JoinEnd } from './client.ts';
import { type Quiet, watchQuiet } from './quiet.ts';
import { resetStream } from './reset.ts';
import { look } from './socket.ts';

export interface JoinOptions {
  /** Milliseconds without a byte in either direction; 0 = off. */
  readonly connIdleMs: number;
  /** Milliseconds without a byte once one direction has ended; 0 = off. */
  readonly halfOpenLingerMs: number;
  /** Told about every chunk read from the client (`in`) and from the target (`out`). */
  readonly count: (direction: 'in' | 'out', bytes: number) => void;
  /** Aborting it resets both sides. */
  readonly signal: AbortSignal;
}

/** Never rejects; the streams must have been paused since they were made, so that no byte is lost. */
export function join(client: Duplex, target: Duplex, options: JoinOptions): Promise<JoinEnd> {
  const { count, signal } = options;
  return new Promise((resolve) => {
    let end: JoinEnd | undefined;
    let open = 2;
    const quiet: Quiet = watchQuiet(options, (reason) => finish({ reason, detail: '' }));

    const finish = (why: JoinEnd): void => {
      if (end !== undefined) return;
      end = why;
      quiet.stop();
      // after an abort the other side must not mistake what it got for all there was
      const destroy = why.reason === 'conn-idle' || why.reason === 'half-open-linger' ? destroyStream : resetStream;
      destroy(client);
      destroy(target);
    };
    const abort = (): void => finish({ reason: 'closed-by-daemon', detail: '' });
    const closed = (): void => {
      if (--open > 0) return;
      quiet.stop();
      signal.removeEventListener('abort', abort);
      resolve(end ?? { reason: 'done', detail: '' });
    };

    const forward = (from: Duplex, to: Duplex, direction: 'in' | 'out'): void => {
      from.on('data', (chunk: Buffer) => {
        count(direction, chunk.length);
        quiet.touch();
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        quiet.touch();
        from.resume();
      });
      const ended = (): void => {
        quiet.halfOpen();
        // A reset may look like an end; behind bytes that wait the question would wait, too.
        if (!(from instanceof Socket) || from.writableEnded || from.writableLength > 0) to.end();
        else look(from, (error) => void (error === undefined && to.end()));
      };
      // a client that said nothing may have ended while its target was dialed
      if (from.readableEnded) ended();
      else from.on('end', ended);
      const reason = direction === 'in' ? 'client-reset' : 'target-reset';
      from.on('error', (error) => finish({ reason, detail: error.message }));
      const gone = (): void => {
        // without a word, but not after both ends: streams other than sockets may do that
        if (!from.readableEnded || !from.writableFinished) finish({ reason, detail: '' });
        closed();
      };
      if (from.closed) gone();
      else from.once('close', gone);
    };
    forward(client, target, 'in');
    forward(target, client, 'out');

    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    client.resume();
    target.resume();
  });
}

function destroyStream(stream: Duplex): void {
  stream.destroy();
}
