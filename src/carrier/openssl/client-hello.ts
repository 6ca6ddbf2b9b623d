/**
 * What a client offers to speak, read in its first bytes before anybody has answered (RFC 8446 §4.1.2, RFC 7301 §3.1).
 *
 * Says only which TLS is to take a connection; that one then reads and judges the same bytes for itself. So whatever is
 * unusual here (more than one record, a length that does not fit) is no offer.
 */

const handshakeRecord = 22;
const clientHello = 1;
const alpnExtension = 16;

/** Bytes that are looked at: a ClientHello of ours has some 300. */
export const lookedAt = 2_048;

/** Names in the order of preference; empty when there are none to be found. */
export function offeredProtocols(bytes: Buffer): string[] {
  try {
    return protocolsIn(bytes);
  } catch {
    return [];
  }
}

/** @throws {RangeError} when the bytes are too few for what they say */
function protocolsIn(bytes: Buffer): string[] {
  const end = 5 + bytes.readUInt16BE(3);
  if (bytes.readUInt8(0) !== handshakeRecord || bytes.readUInt8(5) !== clientHello || end > bytes.length) return [];
  const hello = bytes.subarray(0, end);
  let at = 5 + 4 + 2 + 32; // header, version, random
  at += 1 + hello.readUInt8(at); // session id
  at += 2 + hello.readUInt16BE(at); // cipher suites
  at += 1 + hello.readUInt8(at); // compression
  at += 2; // length of all extensions
  while (at < end) {
    const length = hello.readUInt16BE(at + 2);
    if (hello.readUInt16BE(at) === alpnExtension) return namesIn(hello.subarray(at + 6, at + 4 + length));
    at += 4 + length;
  }
  return [];
}

function namesIn(list: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; at < list.length; ) {
    const length = list.readUInt8(at);
    names.push(list.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}
