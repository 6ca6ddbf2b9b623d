/**
 * The file of those who may use a CONNECT tail, read again whenever it has changed: who was taken out of it is out at once.
 *
 * By the rules of all files with secrets: a regular file of root or of this user, closed to group and others.
 */
import type { Stats } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { withPrivateFile } from '../../lib/private-file.ts';
import { BadLine, Credentials } from './credentials.ts';

const MAX_BYTES = 256 << 10;

/** See the module header. */
export class CredentialsFile {
  readonly #path: string;
  #seen = '';
  #credentials: Credentials | undefined;

  /** @param path absolute */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * As {@link Credentials.check}, by what the file says now.
   *
   * @throws {WormholeError} WH_ERR_FILE when it cannot be used; then nobody is let in
   */
  check(user: string, password: string, signal: AbortSignal): Promise<boolean> {
    return this.read().check(user, password, signal);
  }

  /** @throws {WormholeError} WH_ERR_FILE, naming the file, the line and the remedy, never the content */
  read(): Credentials {
    const path = this.#path;
    const refuse = (fact: string, remedy: string, cause?: unknown): WormholeError =>
      new WormholeError('WH_ERR_FILE', `credentials file ${path} ${fact}; ${remedy}`, {
        detail: { path },
        ...(cause !== undefined && { cause }),
      });
    const remedies = {
      missing: 'make it, one USER:PASSWORD a line, mode 0600',
      forbidden: 'it has to be readable to the daemon',
      other: 'make another, one USER:PASSWORD a line, mode 0600',
    };
    return withPrivateFile({ path, maxBytes: MAX_BYTES, refuse, remedies }, ({ stats, read }) => {
      const seen = versionOf(stats);
      if (this.#credentials !== undefined && seen === this.#seen) return this.#credentials;
      const credentials = parse(read(), refuse);
      this.#credentials = credentials;
      this.#seen = seen;
      return credentials;
    });
  }
}

function versionOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
}

function parse(content: Buffer, refuse: (fact: string, remedy: string) => WormholeError): Credentials {
  try {
    const credentials = new Credentials(new TextDecoder('utf-8', { fatal: true }).decode(content));
    if (credentials.size > 0) return credentials;
  } catch (error) {
    if (error instanceof BadLine) throw refuse(`line ${error.line} ${error.message}`, 'correct it');
    throw refuse('is not text', 'write one USER:PASSWORD a line');
  }
  throw refuse('names nobody', 'write one USER:PASSWORD a line, or leave auth out');
}
