/**
 * IP literals as bytes: strict readers and the canonical spelling, RFC 4291 §2.2 and RFC 5952.
 *
 * Accepts only what cannot be read in two ways: four decimal parts without leading zeros for IPv4, so that
 * `0177.1`, `127.1` or `2130706433`, which some C libraries take for 127.0.0.1, are no addresses here.
 */

/** Reads a dotted quad. @returns four bytes, or undefined */
export function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (/^(?:0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

/** Reads an IPv6 literal without brackets and without zone. @returns sixteen bytes, or undefined */
export function parseIpv6(text: string): number[] | undefined {
  // The longest spelling is 45 characters; a bound keeps a 64 KiB host name from being split at all.
  if (text.length > 45 || !text.includes(':')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groups(halves[0] ?? '', halves.length === 1);
  const right = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (left === undefined || right === undefined) return undefined;
  const missing = 16 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

/** Reads an IPv4 or IPv6 literal. @returns four or sixteen bytes, or undefined */
export function parseIp(text: string): number[] | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** Bytes of colon-separated groups; a dotted quad may stand last where `last` allows. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const quad = last && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (quad !== undefined) bytes.push(...quad);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255);
    else return undefined;
  }
  return bytes;
}

/** The one spelling of an address: dotted quad, or lower-case RFC 5952 with the longest run of zeros as `::`. */
export function formatIp(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let start = 0;
  let length = 0;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && words[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
  }
  const hex = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  if (length < 2) return hex(words);
  return `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`;
}

/** Sixteen bytes `::ffff:a.b.c.d` become the four they hide; everything else stays. */
export function unmapped(bytes: readonly number[]): readonly number[] {
  const mapped =
    bytes.length === 16 && bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

/** 127.0.0.0/8 or ::1, also behind `::ffff:`. */
export function isLoopback(bytes: readonly number[]): boolean {
  const plain = unmapped(bytes);
  return plain.length === 4 ? plain[0] === 127 : plain.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

/** 0.0.0.0 or ::, also behind `::ffff:`. */
export function isUnspecified(bytes: readonly number[]): boolean {
  return unmapped(bytes).every((byte) => byte === 0);
}
