/**
 * Which of our addresses a message was sent to, and how an answer leaves from it.
 */
import { IPPROTO_IP } from '../../sys/constants.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';

const DATA = 16;

/** Distinguishes the addresses of ours that datagrams were sent to. */
export function sourceKey(batch: DatagramBatch, at: number): string {
  if (at < 0) return '';
  const { view, buffer } = batch.controls;
  return buffer.toString('latin1', at + DATA, at + view.getUint32(at, true));
}

/** The message that makes an answer leave from the address that was asked; a copy. */
export function answerControl(batch: DatagramBatch, at: number): Buffer {
  if (at < 0) return Buffer.alloc(0);
  const { view, buffer } = batch.controls;
  const v4 = view.getInt32(at + 8, true) === IPPROTO_IP;
  const control = Buffer.alloc(v4 ? 32 : 40);
  buffer.copy(control, 0, at, at + DATA + (v4 ? 12 : 20));
  // Routing decides the way out, but for link-local addresses, which mean nothing without their interface.
  const linkLocal = control[DATA] === 0xfe && ((control[DATA + 1] ?? 0) & 0xc0) === 0x80;
  if (v4) control.writeUInt32LE(0, DATA);
  else if (!linkLocal) control.writeUInt32LE(0, DATA + 16);
  return control;
}
