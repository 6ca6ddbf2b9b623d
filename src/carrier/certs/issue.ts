/**
 * Certificates of a small private CA: one that signs, servers and clients that it signs (RFC 5280, P-256, SHA-256).
 *
 * Node.js reads certificates and makes none, and the libraries that do weigh more than this; see docs/dependencies.md.
 */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4 } from 'node:net';
import { encodeIp } from '../../sys/sockaddr.ts';
import { bits, boolean, implicit, integer, objectId, octets, sequence, set, tagged, utcTime, utf8 } from './der.ts';

/** A certificate and its key, as PEM texts. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  readonly role: 'ca' | 'server' | 'client';
  /** Names and IP addresses that a server is dialed by. */
  readonly names: readonly string[];
  readonly days: number;
  /** When it begins to be valid; absent = now. */
  readonly from?: Date;
}

const oid = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const algorithm = sequence(objectId(oid.ecdsaWithSha256));
const dayMs = 24 * 60 * 60_000;
/** Clocks of two machines differ. */
const slackMs = 5 * 60_000;

/** @param by who signs; absent = itself */
export function issue(subject: Subject, by?: { readonly cert: string; readonly key: KeyObject }): Issued {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = by === undefined ? nameOf(subject.commonName) : rawSubject(by.cert);
  const issuerKey = by === undefined ? publicKey : createPublicKey(by.cert);
  const from = subject.from?.getTime() ?? Date.now() - slackMs;
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    issuer,
    sequence(utcTime(new Date(from)), utcTime(new Date(from + subject.days * dayMs))),
    nameOf(subject.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(subject, publicKey, issuerKey, by === undefined))),
  );
  const signature = sign('sha256', body, by?.key ?? privateKey);
  const cert = pem(sequence(body, algorithm, bits(signature)));
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

function extensions({ role, names }: Subject, own: KeyObject, issuer: KeyObject, itself: boolean): Buffer[] {
  const isCa = role === 'ca';
  // What may not sign is not found as its own issuer either.
  const usage = itself ? bits(Buffer.from([0x84]), 2) : bits(Buffer.from([0x80]), 7);
  const list = [
    extension(oid.basicConstraints, isCa ? sequence(boolean(true), integer(Buffer.from([0]))) : sequence(), true),
    // keyCertSign and cRLSign, or digitalSignature, with keyCertSign when it signs itself
    extension(oid.keyUsage, isCa ? bits(Buffer.from([0x06]), 1) : usage, true),
    extension(oid.subjectKey, octets(keyId(own))),
    extension(oid.authorityKey, sequence(implicit(0, keyId(issuer)))),
  ];
  if (!isCa) {
    list.push(extension(oid.extendedKeyUsage, sequence(objectId(role === 'server' ? oid.serverAuth : oid.clientAuth))));
  }
  if (names.length > 0) list.push(extension(oid.alternativeNames, sequence(...names.map(alternativeName))));
  return list;
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return implicit(7, encodeIp({ host: name, port: 0 }).subarray(4, 8));
  if (name.includes(':')) return implicit(7, encodeIp({ host: name, port: 0 }).subarray(8, 24));
  return implicit(2, Buffer.from(name, 'latin1'));
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectId(oid.commonName), utf8(commonName))));
}

/** The CN of a CA that we made. */
function rawSubject(cert: string): Buffer {
  return nameOf(commonNameOf(new X509Certificate(cert)));
}

/** '' for a certificate without one. */
export function commonNameOf({ subject }: X509Certificate): string {
  // Without a subject there is none of it, whatever the types say: then it is the text "undefined" that does not match.
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
}

/** RFC 5280, 4.2.1.2, (1): of the bits of the key alone, which are the last 65 bytes of it. */
function keyId(key: KeyObject): Buffer {
  const spki = key.export({ type: 'spki', format: 'der' });
  return createHash('sha1').update(spki.subarray(-65)).digest();
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
