/**
 * What a client says before anybody has answered: it goes behind the head of the stream that is being opened, and is remembered
 * until the answer, because after a no it has to be said again, elsewhere.
 */
import type { ByteStream } from '../../lib/byte-stream.ts';
import { EPOLLIN, EPOLLOUT } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';

/** Bytes at most: so much does a connection hold that is not answered. */
const mostBytes = 4 * 1024;

const area = new NativeMemory(mostBytes);

export class FirstWords {
  /** Where they go; undefined once they were said. */
  #to: ByteStream | undefined;
  said: Buffer | undefined;

  constructor(to: ByteStream) {
    this.#to = to;
  }

  /**
   * Passes on what the socket has now.
   *
   * @param fd borrowed @param events of the socket that nobody has followed yet
   * @returns those that are still to be followed; `-errno` when the socket is broken
   */
  pass(fd: number, events: number): number {
    const to = this.#to;
    if (to === undefined) return events;
    const count = libc.recv(fd, area.address, mostBytes, 0);
    if (count === -Errno.EAGAIN) return events;
    this.#to = undefined;
    if (count <= 0) return count < 0 ? count : events;
    this.said = Buffer.from(area.buffer.subarray(0, count));
    to.write(this.said);
    // What one read leaves there is told of by another event, unless it is an end or an error.
    return count < mostBytes && (events & ~EPOLLOUT) === EPOLLIN ? 0 : events;
  }
}
