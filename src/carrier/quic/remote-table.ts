/**
 * One object per address that packets come from, so that it can be compared by identity and nothing is made per packet.
 */
import { AF_INET } from '../../sys/constants.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';
import { decodeIp } from '../../sys/sockaddr.ts';
import { answerControl, sourceKey } from './control.ts';
import type { QuicAddress } from './engine.ts';
import type { Remote } from './port.ts';

/** More are forgotten all at once: a flood of forged addresses may cost no memory. Connections keep theirs. */
const REMOTES_MAX = 4_096;

export class RemoteTable {
  readonly #local: QuicAddress;
  readonly #remotes = new Map<string, Remote>();

  constructor(local: QuicAddress) {
    this.#local = local;
  }

  /** Who sent datagram `i`, to the address of ours that the control message at `source` names. */
  find(batch: DatagramBatch, i: number, source: number): Remote {
    const { buffer, view } = batch.names;
    const at = batch.nameAt(i);
    const length = view.getUint16(at, true) === AF_INET ? 8 : 28;
    const key = buffer.toString('latin1', at, at + length) + sourceKey(batch, source);
    const known = this.#remotes.get(key);
    if (known !== undefined) return known;
    if (this.#remotes.size >= REMOTES_MAX) this.#remotes.clear();
    const name = Buffer.from(buffer.subarray(at, at + (length === 8 ? 16 : 28)));
    const address = decodeIp(name) ?? { host: '0.0.0.0', port: 0 };
    const remote = remoteOf(address, this.#local, name, answerControl(batch, source));
    this.#remotes.set(key, remote);
    return remote;
  }
}

export function remoteOf({ host, port }: QuicAddress, local: QuicAddress, name: Buffer, control: Buffer): Remote {
  // quiche takes no zone; which interface it is stands in the name.
  const info = {
    from: { host: host.replace(/%.*$/, ''), port },
    to: { host: local.host.replace(/%.*$/, ''), port: local.port },
  };
  return { host, port, name, control, info };
}
