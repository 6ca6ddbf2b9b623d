/**
 * The end of a client for whom there is no agent: 503 for one that speaks HTTP CONNECT, and for any other a close.
 */
import type { Socket } from 'node:net';

/** How long the first bytes may take, which tell what the client speaks. */
const WAIT_MS = 250;
/** How long the answer may take to be read. */
const LINGER_MS = 2_000;

const text = 'no agent is connected to this tunnel\n';
const answer = [
  'HTTP/1.1 503 Service Unavailable',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${text.length}`,
  'Connection: close',
  '',
  text,
].join('\r\n');

/** @param client paused, nothing was read of it; owned from now on */
export function refuse(client: Socket): void {
  const wait = setTimeout(() => client.destroy(), WAIT_MS);
  client.once('close', () => clearTimeout(wait));
  client.once('data', (first: Buffer) => {
    clearTimeout(wait);
    if (!first.toString('latin1', 0, 8).startsWith('CONNECT ')) {
      client.destroy();
      return;
    }
    client.end(answer);
    // What it still sends is read and dropped: unread bytes would turn the end into a reset, and lose the answer.
    client.resume();
    client.once('end', () => client.destroySoon());
    const linger = setTimeout(() => client.destroy(), LINGER_MS);
    client.once('close', () => clearTimeout(linger));
  });
  client.resume();
}
