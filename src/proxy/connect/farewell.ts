/**
 * Says a last word and closes, so that the word arrives.
 *
 * A socket that is closed while bytes lie unread in it is reset by the kernel, and the reset overtakes the answer (RFC
 * 9112 §9.6). So what still comes is read and thrown away until the client has closed, too; not for ever.
 */
import type { Duplex } from 'node:stream';
import { Deadline } from '../../lib/deadline.ts';

/** Milliseconds that a client gets to read the answer and to close. */
const PATIENCE_MS = 2000;

/** Bytes that are thrown away for one client. */
const MAX_UNREAD = 1 << 20;

/**
 * Never rejects.
 *
 * @param client taken; paused, destroyed when this resolves
 * @param signal aborting it ends the wait
 */
export async function farewell(client: Duplex, word: string | Uint8Array, signal: AbortSignal): Promise<void> {
  using patience = new Deadline(PATIENCE_MS, signal);
  await new Promise<void>((resolve) => {
    let unread = 0;
    const over = (): void => {
      client.destroy();
      resolve();
    };
    const gone = (): void => {
      if (client.writableFinished && client.readableEnded) over();
    };
    client.on('error', over).on('close', over).on('finish', gone).on('end', gone);
    client.on('data', (chunk: Buffer) => {
      unread += chunk.length;
      if (unread > MAX_UNREAD) over();
    });
    patience.signal.addEventListener('abort', over, { once: true });
    if (patience.signal.aborted || client.destroyed) over();
    else {
      client.end(word);
      client.resume();
    }
  });
}
