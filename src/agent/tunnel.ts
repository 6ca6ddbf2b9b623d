/**
 * What both ends of the tunnel agree on, and the files that say who they are.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { defaultTransport } from '../carrier/quic/config.ts';
import type { QuicCredentials, QuicTransport } from '../carrier/quic/engine.ts';
import { gardenerAlpn, ownAlpn } from '../carrier/quic/framing.ts';
import { WormholeError } from '../lib/errors.ts';
import type { Report } from './report.ts';

/** The name in the server's certificate, unless another is agreed on. */
export const SERVER_NAME = 'quic-tunnel-server';
export const KEEP_ALIVE_MS = 2_000;

/** Ours first: with gardener's programs, which know the second alone, that one is agreed on. */
export const tunnelTransport: QuicTransport = { ...defaultTransport, alpn: [ownAlpn, gardenerAlpn] };

/** A connection that has ended in one direction and is silent in the other is not kept for ever. */
export const HALF_OPEN_LINGER_MS = 5 * 60_000;

export interface CredentialFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Bytes; no certificate is longer. */
const LONGEST = 1 << 20;

/** @throws {WormholeError} WH_ERR_FILE; WH_ERR_CONFIG of one that holds something else */
export function readCredentials({ ca, cert, key }: CredentialFiles, report: Report): QuicCredentials {
  return {
    ca: holding('CERTIFICATE', ca, read(ca)),
    cert: holding('CERTIFICATE', cert, read(cert)),
    key: holding('PRIVATE KEY', key, read(key, report)),
  };
}

/** Whether it can be used is the engine's to say, which does not know the name of the file. */
function holding(what: string, path: string, text: Buffer): Buffer {
  if (new RegExp(`^-----BEGIN [A-Z0-9 ]*${what}-----`, 'm').test(text.toString('latin1'))) return text;
  throw new WormholeError('WH_ERR_CONFIG', `${path} holds no ${what.toLowerCase()} in PEM`);
}

/** @param report given for a secret, which others should not be able to read */
function read(path: string, report?: Report): Buffer {
  try {
    const fd = openSync(path, 'r');
    try {
      const { mode, size } = fstatSync(fd);
      if (size > LONGEST) throw new WormholeError('WH_ERR_FILE', `${path} is too long for a certificate or key`);
      // Not refused: secrets that Kubernetes mounts are readable by all in the container.
      if ((mode & 0o004) !== 0) report?.('warn', 'the private key is readable by everybody', { file: path });
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (WormholeError.is(cause)) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_FILE', `cannot read ${path} (${code})`, { cause });
  }
}
