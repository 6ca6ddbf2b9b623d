/**
 * The head of a stream: what the end that opened it wants of the other.
 */
import { count, type Message, optional, text } from './fields.ts';

export type StreamHead =
  /** The control API, as HTTP/1.1. */
  | { readonly kind: 'api' }
  /** What becomes of the guests that the opener has at the far end, from now on. */
  | { readonly kind: 'notices' }
  /** A lane: QUIC beside the link. */
  | {
      readonly kind: 'quic';
      /** Of the end that asks, which will dial: DER, base64. */
      readonly certificate: string;
    }
  /** A connection for a guest of the far end: a segment that runs there. */
  | {
      readonly kind: 'connection';
      /** As the end that opened the stream named it. */
      readonly guest: string;
      /** Where the client came from, for the log. */
      readonly from: string;
      /** Peers that it has come through. */
      readonly hops: number;
      /** Where it is to end, for a guest that leaves that to its client: HOST:PORT. */
      readonly to?: string;
    }
  /** Datagrams of one client for a guest, each with its length before it. */
  | { readonly kind: 'datagrams'; readonly guest: string; readonly from: string; readonly hops: number };

/** A stream that has come through more peers than that goes in a circle. */
export const maxHops = 16;

const guest = /^[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}$/;
/** A certificate of the kind that is used here has some 450 bytes. */
export const certificateText = /^[A-Za-z0-9+/]{100,2000}={0,2}$/;
const line = /^[\x20-\x7e]{0,300}$/;

const destination = (message: Message, field: string): string => text(message, field, /^[\x21-\x7e]{1,300}$/);

export function headMessage(head: StreamHead): object {
  // Nearly all are such; to spread one costs more than all else that is done with it.
  if (head.kind === 'connection' && head.to === undefined)
    return { open: head.kind, guest: head.guest, from: head.from, hops: head.hops };
  const { kind, ...rest } = head;
  return { open: kind, ...rest };
}

/** @throws {WormholeError} WH_ERR_PROTOCOL */
export function parseHead(message: Message): StreamHead {
  const kind = text(message, 'open', /^(api|notices|quic|connection|datagrams)$/) as StreamHead['kind'];
  if (kind === 'api' || kind === 'notices') return { kind };
  if (kind === 'quic') return { kind, certificate: text(message, 'certificate', certificateText) };
  const guestName = text(message, 'guest', guest);
  const from = text(message, 'from', line);
  const hops = count(message, 'hops', maxHops);
  if (kind === 'datagrams') return { kind, guest: guestName, from, hops };
  const to = optional(message, 'to', destination);
  return to === undefined ? { kind, guest: guestName, from, hops } : { kind, guest: guestName, from, hops, to };
}
