/**
 * Password hashes as `mkpasswd -m scrypt` makes them, crypt(5): `$7$NrrrrrpppppSALT$HASH`.
 *
 * N, r and p are numbers of six bits per letter, the least first; the salt is used as it stands, as text.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';

const LETTERS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = /^\$7\$([./0-9A-Za-z])([./0-9A-Za-z]{5})([./0-9A-Za-z]{5})([./0-9A-Za-z]{1,64})\$([./0-9A-Za-z]{43})$/;

/** Bytes of a hash. */
const HASH = 32;

/** Bytes that checking one password may take; and how often it may go through them. */
const MEMORY_MAX = 128 << 20;
const PASSES_MAX = 4;

/** See the module header. */
export interface ScryptHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly passes: number;
  readonly salt: string;
  readonly hash: Uint8Array;
}

/** @returns undefined for what is no such hash, or would cost more than a daemon should spend on a stranger */
export function parseScrypt(text: string): ScryptHash | undefined {
  const [, log = '', r = '', p = '', salt = '', encoded = ''] = FORM.exec(text) ?? [];
  if (encoded === '') return undefined;
  const hash = { cost: 2 ** number(log), blockSize: number(r), passes: number(p), salt, hash: decode(encoded) };
  const { cost, blockSize, passes } = hash;
  const sane = cost > 1 && blockSize > 0 && passes > 0 && passes <= PASSES_MAX;
  return sane && 128 * cost * blockSize <= MEMORY_MAX ? hash : undefined;
}

/** Compares in constant time; works in a thread of libuv's pool. */
export function matchesScrypt({ cost, blockSize, passes, salt, hash }: ScryptHash, password: string): Promise<boolean> {
  const options = { N: cost, r: blockSize, p: passes, maxmem: 2 * MEMORY_MAX };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH, options, (error, derived) => {
      if (error === null) resolve(timingSafeEqual(derived, hash));
      else reject(error);
    });
  });
}

function number(letters: string): number {
  return letters.split('').reduceRight((value, letter) => value * 64 + LETTERS.indexOf(letter), 0);
}

/** Three bytes are four letters, the least bits first. */
function decode(letters: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < letters.length; at += 4) {
    const group = letters.slice(at, at + 4);
    const value = number(group);
    bytes.push(...[value & 0xff, (value >> 8) & 0xff, value >> 16].slice(0, group.length - 1));
  }
  return Uint8Array.from(bytes);
}
