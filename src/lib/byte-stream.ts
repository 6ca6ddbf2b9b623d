/**
 * One stream of bytes in both directions, pulled by whoever uses it: what a stream of a link is underneath, without Node.js's
 * streams on top. Each direction ends by itself.
 */

/** Who hears of a stream. Calls come from inside the one who carries it: to throw in one is a bug of the user. */
export interface ByteStreamUser {
  /** There is something to `read`, or the end of it. */
  onReadable(): void;
  /** After a `write` that returned false there is room again; after `end`, everything has left. */
  onWritable(): void;
  /** Over; always called, once, last. With an error when it was reset or its carrier broke. */
  onClose(error?: Error): void;
}

export interface ByteStream {
  /** Everything came and was read; nothing more will be. */
  readonly ended: boolean;
  /** After `end`: all that was written, and the end, has left. */
  readonly endSent: boolean;
  readonly closed: boolean;
  /** Names who hears of this stream from now on. What happened before is told now. */
  attach(user: ByteStreamUser): void;
  /** The next bytes that came, as one slice; undefined when there are none now (then see `ended`). */
  read(): Buffer | undefined;
  /** As {@link read}; the slice may be volatile: good until the caller returns. */
  readNow(): Buffer | undefined;
  /**
   * Sends bytes, which are not copied: they must never change afterwards.
   *
   * @returns false when enough is waiting: `onWritable` follows
   */
  write(bytes: Buffer): boolean;
  /** As {@link write}, of bytes that change when it has returned: what cannot leave at once is copied. */
  writeNow(bytes: Buffer): boolean;
  /** Nothing more will be written. */
  end(): void;
  /** Ends both directions now, for both ends; what waits is lost. */
  reset(): void;
}

/** Of an error: the other end has begun nothing for the stream, so what was written on it may be written on another one. */
export const unopened = { detail: { unopened: true } } as const;

/** A Node.js stream that stands on one, and steps aside when asked. */
export interface StandsOnByteStream {
  /**
   * The stream itself, the caller's from now on; this object is over then, silently.
   *
   * @returns undefined when bytes wait in it to be sent, or it has ended or broken: then it stays as it is. `early` came before
   */
  release(): { readonly stream: ByteStream; readonly early: readonly Buffer[] } | undefined;
}
