/** The first message of each end of a TLS 1.3 handshake, which everybody on the way can read: RFC 8446 §4.1. */

/** Numbers of extensions, RFC 8446 §4.2. */
export const Extension = { preSharedKey: 41, supportedVersions: 43, pskModes: 45, keyShare: 51 } as const;

export interface HelloSeen {
  /** 1 ClientHello, 2 ServerHello. */
  readonly type: number;
  /** The suites that a client offers, or the one that the server chose. */
  readonly suites: readonly number[];
  readonly extensions: ReadonlyMap<number, Buffer>;
}

/** @param bytes of a connection, from its beginning */
export function helloSeen(bytes: Buffer): HelloSeen {
  if (bytes[0] !== 22) throw new Error('that is no handshake');
  const type = bytes[5] ?? 0;
  // Record 5, message 4, version 2, random 32, then the session id.
  let at = 5 + 4 + 2 + 32;
  const take = (length: number): number => {
    const value = bytes.readUIntBE(at, length);
    at += length;
    return value;
  };
  const skip = (length: number): void => {
    at += length;
  };
  skip(take(1));
  const suites = Array.from({ length: type === 1 ? take(2) / 2 : 1 }, () => take(2));
  skip(type === 1 ? take(1) : 1);
  const end = take(2) + at;
  const extensions = new Map<number, Buffer>();
  while (at < end) {
    const kind = take(2);
    const length = take(2);
    extensions.set(kind, bytes.subarray(at, at + length));
    at += length;
  }
  return { type, suites, extensions };
}
