/**
 * DER (X.690), as far as certificates are written with it. Nothing is ever read here.
 */

type Part = Buffer | readonly Buffer[];

/** One value: tag, length, content. */
export function der(tag: number, content: Part): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.concat([...content]);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(bytes.length)]), bytes]);
}

function lengthOf(count: number): number[] {
  if (count < 0x80) return [count];
  const digits: number[] = [];
  for (let rest = count; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return [0x80 | digits.length, ...digits];
}

export const sequence = (...items: readonly Buffer[]): Buffer => der(0x30, items);
export const set = (...items: readonly Buffer[]): Buffer => der(0x31, items);
export const octets = (bytes: Buffer): Buffer => der(0x04, bytes);
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
/** [n], wrapped around whole values. */
export const tagged = (n: number, ...items: readonly Buffer[]): Buffer => der(0xa0 | n, items);
/** [n] in place of the value's own tag. */
export const implicit = (n: number, bytes: Buffer): Buffer => der(0x80 | n, bytes);

/** An unsigned number, big-endian. */
export function integer(bytes: Buffer): Buffer {
  // A leading one bit would make it negative.
  return der(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
}

/** @param unused bits at the end of the last byte */
export const bits = (bytes: Buffer, unused = 0): Buffer => der(0x03, [Buffer.from([unused]), bytes]);

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const digits = (value: number): number[] => {
    const low = [value % 128];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) low.unshift((left % 128) | 0x80);
    return low;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(digits)]));
}

/** A moment between 1950 and 2049, to the second. */
export function utcTime(moment: Date): Buffer {
  const text = moment.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text.slice(2)));
}
