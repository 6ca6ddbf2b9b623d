/**
 * A directory of certificates for a tunnel: a CA, the server's, a client's, and those of further clients by name.
 *
 *   ca.crt ca.key   tls.crt tls.key   client.crt client.key   NAME.crt NAME.key
 *
 * Keys are for their owner alone (0600), and nothing that is there is ever written over.
 */
import { createPrivateKey } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Issued, issue, type Subject } from '../../carrier/certs/issue.ts';
import { WormholeError } from '../../lib/errors.ts';
import { makeDirectories } from '../../lib/make-directories.ts';

export interface CertificateOptions {
  readonly directory: string;
  /** Further clients; the CA of the directory is used if there is one. */
  readonly clients: readonly string[];
  readonly serverName: string;
  readonly days: number;
}

/** What a certificate may be called here: it becomes the name of a file and a word in logs. */
const clientName = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
const taken = new Set(['ca', 'tls', 'client']);

/**
 * Makes what is missing. All of it or nothing.
 *
 * @returns the paths of the files that were made
 * @throws {WormholeError} WH_ERR_USAGE, WH_ERR_FILE, WH_ERR_PERMISSION
 */
export function makeCertificates({ directory, clients, serverName, days }: CertificateOptions): string[] {
  for (const name of clients) {
    if (!clientName.test(name) || taken.has(name)) {
      throw new WormholeError('WH_ERR_USAGE', `${name} cannot be the name of a client's certificate`, {
        detail: { verb: 'certs' },
      });
    }
  }
  const found = existsSync(join(directory, 'ca.crt')) && clients.length > 0;
  const ca = found ? readCa(directory) : issue({ commonName: 'quic-tunnel-ca', role: 'ca', names: [], days });
  const by = { cert: ca.cert, key: createPrivateKey(ca.key) };
  const client = (commonName: string): Issued => issue({ commonName, role: 'client', names: [], days }, by);
  const server: Subject = {
    commonName: serverName,
    role: 'server',
    names: [...new Set([serverName, 'localhost', '127.0.0.1', '::1'])],
    days,
  };
  const pairs: [string, Issued][] = clients.map((name) => [name, client(name)]);
  if (!found) pairs.unshift(['ca', ca], ['tls', issue(server, by)], ['client', client('quic-tunnel-client')]);
  return write(directory, pairs);
}

function readCa(directory: string): Issued {
  const read = (name: string): string => {
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new WormholeError('WH_ERR_FILE', `cannot read ${join(directory, name)} (${code})`, { cause });
    }
  };
  return { cert: read('ca.crt'), key: read('ca.key') };
}

function write(directory: string, pairs: readonly [string, Issued][]): string[] {
  const files = pairs.flatMap(([name, { cert, key }]) => [
    { path: join(directory, `${name}.crt`), text: cert, mode: 0o644 },
    { path: join(directory, `${name}.key`), text: key, mode: 0o600 },
  ]);
  const present = files.find(({ path }) => existsSync(path));
  if (present !== undefined) throw exists(present.path);
  const made: string[] = [];
  try {
    makeDirectories(directory, 0o700);
    for (const { path, text, mode } of files) {
      const fd = openSync(path, 'wx', mode);
      made.push(path);
      try {
        writeSync(fd, text);
      } finally {
        closeSync(fd);
      }
    }
    return made;
  } catch (cause) {
    for (const path of made) unlinkSync(path);
    const { code, path = directory } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw exists(path);
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
    throw new WormholeError(denied ? 'WH_ERR_PERMISSION' : 'WH_ERR_FILE', `cannot write ${path} (${code})`, { cause });
  }
}

function exists(path: string): WormholeError {
  return new WormholeError('WH_ERR_FILE', `${path} is there already, and is not written over; take another directory`);
}
