/**
 * The key file: the one secret that makes daemons and clients members of the same club.
 *
 * Owns the rules of what a usable key file is and the derivation of the TLS pre-shared key from it; both programs
 * come through here, so both fail closed in the same cases. There is no default key and no way around the rules.
 * Making a missing file is `key-generate.ts`, for the daemon alone.
 */
import { hkdfSync } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { WormholeError } from './errors.ts';
import { Secret } from './secret.ts';

/** Where both programs look without `-K`. */
export const defaultKeyPath = '/etc/wormhole/key.secret';

/** Characters after trimming: whoever sees one handshake can try guesses off line, so short keys are no keys. */
export const minKeyCharacters = 32;

/** Bytes; a key is a line of text, not a file. */
const maxKeyBytes = 4096;

/** Changing either label makes every daemon and client of before a stranger; hence the version. */
const derivation = { salt: 'wormhole', info: 'wormhole key.secret v1: tls 1.3 external psk, sha-256', bytes: 32 };

/**
 * Reads a key file and derives the TLS pre-shared key.
 *
 * The file is opened once and judged by its descriptor, so that what was checked is what is read. A FIFO does not
 * block the start: it is opened without waiting and then refused.
 *
 * @param path as the user gave it; appears in errors, the content never does
 * @throws {WormholeError} WH_ERR_KEY_FILE, naming the file and the remedy
 */
export function readKeyFile(path: string): Secret {
  const fd = openKey(path);
  try {
    refuseUnsafe(path, fstatSync(fd));
    return derive(path, readAtMost(path, fd));
  } finally {
    closeSync(fd);
  }
}

function openKey(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw refusal(path, 'does not exist', 'copy it from a machine that has it, or name another with -K', cause);
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw refusal(path, 'may not be read by this user', 'use sudo, or name another with -K', cause);
    }
    throw refusal(path, `cannot be opened (${code ?? 'unknown error'})`, 'name another with -K', cause);
  }
}

function refuseUnsafe(path: string, file: Stats): void {
  if (!file.isFile()) throw refusal(path, 'is not a regular file', 'put the key into a file of its own');
  if ((file.mode & 0o077) !== 0) {
    const mode = (file.mode & 0o7777).toString(8).padStart(4, '0');
    throw refusal(path, `is open to group or others (mode ${mode})`, `chmod 600 ${path}`);
  }
  const self = process.geteuid?.() ?? file.uid;
  if (file.uid !== 0 && file.uid !== self) {
    throw refusal(path, `belongs to user ${file.uid}, not to root or this user`, `chown root ${path}`);
  }
  if (file.size > maxKeyBytes) throw refusal(path, `is larger than ${maxKeyBytes} bytes`, makeAnother(path));
}

function readAtMost(path: string, fd: number): Buffer {
  const buffer = Buffer.alloc(maxKeyBytes + 1);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
  } catch (cause) {
    throw refusal(path, 'cannot be read', 'check the disk, or name another with -K', cause);
  }
  if (length > maxKeyBytes) throw refusal(path, `is larger than ${maxKeyBytes} bytes`, makeAnother(path));
  return buffer.subarray(0, length);
}

function derive(path: string, content: Buffer): Secret {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content).trim();
  } catch (cause) {
    throw refusal(path, 'is not text', makeAnother(path), cause);
  }
  if (text === '') throw refusal(path, 'is empty', makeAnother(path));
  if (/\p{Cc}/u.test(text.replaceAll(/[\t\r\n]/g, ''))) throw refusal(path, 'is not text', makeAnother(path));
  const characters = Array.from(text).length;
  if (characters < minKeyCharacters) {
    throw refusal(path, `has fewer than ${minKeyCharacters} characters`, makeAnother(path));
  }
  const { salt, info, bytes } = derivation;
  return new Secret(new Uint8Array(hkdfSync('sha256', text, salt, info, bytes)));
}

function makeAnother(path: string): string {
  return `make one with: (umask 077; openssl rand -base64 32 > ${path})`;
}

/** One sentence of fact, one of remedy. */
export function refusal(path: string, fact: string, remedy: string, cause?: unknown): WormholeError {
  return new WormholeError('WH_ERR_KEY_FILE', `key file ${path} ${fact}; ${remedy}`, {
    detail: { path, remedy },
    ...(cause !== undefined && { cause }),
  });
}
