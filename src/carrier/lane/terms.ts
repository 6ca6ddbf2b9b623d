/**
 * What both ends of a link tell each other about the lane beside it, on a stream of the link that stays open as long as the lane
 * may be dialed.
 *
 *   end that dialed the link                         end that was dialed
 *     {"open": "quic", "certificate"} ─────────────►
 *                                     ◄───────────── {"ok": true}  {"certificate", "port"}
 *     UDP to that port, both certificates compared with what was told
 */
import type { Duplex } from 'node:stream';
import { WormholeError } from '../../lib/errors.ts';
import { count, type Message, text } from '../link/fields.ts';
import { FrameReader, frame } from '../link/frame.ts';
import { certificateText } from '../link/head.ts';
import { readCertificate } from './own-certificate.ts';

/** Milliseconds that the peer has for its terms once it has said yes. */
const termsMs = 10_000;

export interface Terms {
  /** Of the end that was dialed. */
  readonly pem: Buffer;
  readonly der: Buffer;
  /** Its UDP port, at the address that the link leads to. */
  readonly port: number;
}

export function termsMessage(certificate: string, port: number): Buffer {
  return frame({ certificate, port });
}

/** @throws {WormholeError} WH_ERR_PROTOCOL, WH_ERR_TIMEOUT, WH_ERR_ABORTED */
export async function takeTerms(stream: Duplex): Promise<Terms> {
  const message = await firstMessage(stream);
  const port = count(message, 'port', 65_535);
  if (port === 0) throw new WormholeError('WH_ERR_PROTOCOL', 'a message of the peer has no proper port');
  return { ...readCertificate(text(message, 'certificate', certificateText)), port };
}

function firstMessage(stream: Duplex): Promise<Message> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader();
    const settle = (): void => {
      clearTimeout(late);
      stream.off('data', take).off('end', ended).off('close', ended);
    };
    const fail = (error: unknown): void => (settle(), reject(error));
    const ended = (): void => fail(new WormholeError('WH_ERR_ABORTED', 'the peer ended the stream for QUIC'));
    const late = setTimeout(
      () => fail(new WormholeError('WH_ERR_TIMEOUT', `the peer said nothing of QUIC within ${termsMs} ms`)),
      termsMs,
    );
    const take = (slice: Buffer): void => {
      try {
        reader.push(slice);
        const message = reader.next();
        if (message === undefined) return;
        settle();
        resolve(message);
      } catch (error) {
        fail(error);
      }
    };
    stream.on('data', take).once('end', ended).once('close', ended);
  });
}
