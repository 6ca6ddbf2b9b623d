/**
 * The key file: the one secret that makes daemons and clients members of the same club.
 *
 * Owns the rules of what a usable key file is and the derivation of the TLS pre-shared key from it; both programs
 * come through here, so both fail closed in the same cases. There is no default key and no way around the rules.
 * Making a missing file is `key-generate.ts`, for the daemon alone.
 */
import { hkdfSync } from 'node:crypto';
import { WormholeError } from './errors.ts';
import { withPrivateFile } from './private-file.ts';
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
 * @param path as the user gave it; appears in errors, the content never does
 * @throws {WormholeError} WH_ERR_KEY_FILE, naming the file and the remedy
 */
export function readKeyFile(path: string): Secret {
  const remedies = {
    missing: 'copy it from a machine that has it, or name another with -K',
    forbidden: 'use sudo, or name another with -K',
    other: makeAnother(path),
  };
  const refuse = (...why: [string, string, unknown?]): WormholeError => refusal(path, ...why);
  return withPrivateFile({ path, maxBytes: maxKeyBytes, refuse, remedies }, ({ read }) => derive(path, read()));
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
