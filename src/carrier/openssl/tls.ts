/**
 * TLS with peers by node's OpenSSL, beside that of `node:tls`: same profile, same keys, same judgement, no stream between.
 *
 * Takes connected sockets of node over by their descriptors. Which of the two has an accepted connection is decided by what the
 * client offers to speak: the control API's HTTP needs a stream anyway, and stays with node.
 */
import type { Socket } from 'node:net';
import { socketFd } from '../../lib/socket-fd.ts';
import { alpn } from '../../lib/tls-profile.ts';
import { paceIfFar } from '../../sys/congestion.ts';
import { MSG_DONTWAIT, MSG_PEEK } from '../../sys/constants.ts';
import { dupFd } from '../../sys/dup.ts';
import { Errno } from '../../sys/errno.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { failureOfDial, strangerAt } from '../link/tls.ts';
import { openUnpaced } from '../near-tls.ts';
import { formatPeer } from '../peer.ts';
import type { Accepting, KeyOfPeer, OtherTls, SecureStream } from '../secure-stream.ts';
import { lookedAt, offeredProtocols } from './client-hello.ts';
import { SharedTls } from './shared.ts';
import { OpensslStream } from './stream.ts';

/** @param recordsPerKey for tests @returns undefined where node's OpenSSL cannot be had */
export function opensslTls(recordsPerKey?: number): OtherTls | undefined {
  const shared = SharedTls.make(recordsPerKey);
  return shared === undefined ? undefined : new OpensslTls(shared);
}

class OpensslTls implements OtherTls {
  readonly #shared: SharedTls;
  readonly #looked = new NativeMemory(lookedAt);
  readonly openSocket = openUnpaced;

  constructor(shared: SharedTls) {
    this.#shared = shared;
  }

  /** As `link/tls.ts` does with `node:tls`. */
  secureToPeer(raw: Socket, own: KeyOfPeer, signal: AbortSignal): Promise<SecureStream> {
    const address = formatPeer(raw.remoteAddress, raw.remotePort);
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        raw.destroy();
        return reject(signal.reason as Error);
      }
      const aborted = (): void => {
        stream.destroy();
        reject(signal.reason as Error);
      };
      const stream = this.#takeOver(raw, copyOf(raw), { own }, (code) => {
        signal.removeEventListener('abort', aborted);
        if (code !== undefined) return reject(failureOfDial(address, Object.assign(new Error(code), { code })));
        if (stream.provedByKey) return resolve(stream);
        stream.destroy();
        reject(strangerAt(address));
      });
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  accept(raw: Socket, accepting: Accepting): void {
    // A number of our own: that of `raw` may name somebody else's connection before anybody hears that `raw` was closed.
    const own = copyOf(raw);
    const look = (): void => {
      const count = libc.recv(own.fd, this.#looked.address, lookedAt, MSG_PEEK | MSG_DONTWAIT);
      if (count === -Errno.EAGAIN) return;
      raw.off('close', over);
      watched.remove();
      const offered = count > 0 ? offeredProtocols(this.#looked.buffer.subarray(0, count)) : [];
      if (offered.length === 1 && offered[0] === alpn.carrier) return this.#accept(raw, own, accepting);
      own[Symbol.dispose]();
      accepting.onOther();
    };
    const watched = this.#shared.loop.addOwned(own, look, undefined, () => raw.destroy());
    const over = (): void => {
      watched.remove();
      own[Symbol.dispose]();
    };
    raw.once('close', over);
    look();
  }

  #accept(raw: Socket, socket: OwnedFd, { keys, onTaken, onSecure, onFailed }: Accepting): void {
    let identity: string | undefined;
    const keyOf = (name: string): Uint8Array => {
      if (keys.knows(name)) identity = name;
      return keys.keyOf(name);
    };
    const stream = this.#takeOver(raw, socket, { keyOf }, (code) => {
      if (code !== undefined) return onFailed(code);
      if (identity !== undefined && stream.provedByKey) return onSecure(stream, identity);
      // It was not our key that let it in.
      stream.destroy();
    });
    onTaken(stream);
  }

  #takeOver(
    raw: Socket,
    socket: OwnedFd,
    asked: { own: KeyOfPeer } | { keyOf: (identity: string) => Uint8Array },
    onShaken: (code: string | undefined) => void,
  ): OpensslStream {
    const { remoteAddress, remotePort, localAddress } = raw;
    raw.destroy();
    return new OpensslStream(this.#shared, socket, { remoteAddress, remotePort, localAddress }, asked, onShaken);
  }
}

/** A number of our own for the connection, whose way is known now. @throws {SyscallError} EMFILE, EBADF; `raw` is destroyed then */
function copyOf(raw: Socket): OwnedFd {
  try {
    const own = dupFd(socketFd(raw));
    paceIfFar(own.fd);
    return own;
  } catch (error) {
    raw.destroy();
    throw error;
  }
}
