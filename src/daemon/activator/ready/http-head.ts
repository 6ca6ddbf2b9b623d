/**
 * The head of an HTTP response, as far as a probe needs it: its status. What is no HTTP is seen at its first bytes.
 */

/** Longest head in bytes, interim responses included. */
export const HEAD_MAX = 16 * 1024;

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r?$/;
const OPENING = 'HTTP/1.';

/**
 * Reads what has arrived so far.
 *
 * @returns the status once the head is whole, `'more'` while it may become one, undefined when it is none
 */
export function readStatus(received: Buffer): number | 'more' | undefined {
  let rest = received.toString('latin1', 0, HEAD_MAX);
  for (;;) {
    const opening = rest.slice(0, OPENING.length);
    if (!OPENING.startsWith(opening)) return undefined;
    const end = /\r?\n\r?\n/.exec(rest);
    if (end === null) return received.length >= HEAD_MAX ? undefined : 'more';
    const line = rest.slice(0, rest.indexOf('\n'));
    const status = STATUS_LINE.exec(line)?.[1];
    if (status === undefined) return undefined;
    // 100, 102 and 103 go before the response; 101 ends HTTP.
    if (!status.startsWith('1') || status === '101') return Number(status);
    rest = rest.slice(end.index + end[0].length);
  }
}
