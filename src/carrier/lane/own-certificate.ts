/**
 * Certificates of lanes: self-signed, made when they are needed and never written down. What makes one worth anything is that
 * it was told over the link, on which both ends have proved the key.
 */
import { X509Certificate } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import { issue } from '../certs/issue.ts';

export interface OwnCertificate {
  /** PEM. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** DER, base64: as it is told. */
  readonly told: string;
}

/** The link says whether it holds, clocks need not agree. */
const from = new Date('2000-01-01T00:00:00Z');
const days = 18_000;

/** The name that the certificate of a daemon has, by its id. */
export const laneName = (host: string): string => `${host}.quic.wormhole`;

export function makeCertificate(role: 'server' | 'client', host: string): OwnCertificate {
  const name = laneName(host);
  const { cert, key } = issue({ commonName: name, role, names: [name], days, from });
  return { cert: Buffer.from(cert), key: Buffer.from(key), told: new X509Certificate(cert).raw.toString('base64') };
}

/** @throws {WormholeError} WH_ERR_PROTOCOL */
export function readCertificate(told: string): { readonly pem: Buffer; readonly der: Buffer } {
  try {
    const certificate = new X509Certificate(Buffer.from(told, 'base64'));
    return { pem: Buffer.from(certificate.toString()), der: certificate.raw };
  } catch (cause) {
    throw new WormholeError('WH_ERR_PROTOCOL', 'what the peer tells as its certificate is none', { cause });
  }
}
