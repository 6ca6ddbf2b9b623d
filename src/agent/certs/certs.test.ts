import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commonNameOf } from '../../carrier/certs/issue.ts';
import { makeCertificates } from './directory.ts';

let room: string;

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'wormhole-certs-'));
});
afterEach(() => rmSync(room, { recursive: true }));

const make = (clients: readonly string[] = [], directory = room): string[] =>
  makeCertificates({ directory, clients, serverName: 'quic-tunnel-server', days: 30 });
const file = (name: string): string => join(room, name);
const certificate = (name: string): X509Certificate => new X509Certificate(readFileSync(file(`${name}.crt`)));

/** Why not, or '' when openssl accepts it. */
function opensslSays(...words: string[]): string {
  try {
    execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', file('ca.crt'), ...words], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr);
  }
}

describe('certificates for a tunnel', () => {
  test('are a CA, a server and a client, whose keys fit them', () => {
    expect(make().map((path) => path.slice(room.length + 1))).toEqual([
      'ca.crt',
      'ca.key',
      'tls.crt',
      'tls.key',
      'client.crt',
      'client.key',
    ]);
    const ca = certificate('ca');
    for (const name of ['ca', 'tls', 'client']) {
      const one = certificate(name);
      expect(one.checkPrivateKey(createPrivateKey(readFileSync(file(`${name}.key`))))).toBe(true);
      expect(one.verify(ca.publicKey)).toBe(true);
      expect(one.ca).toBe(name === 'ca');
    }
    expect(commonNameOf(certificate('client'))).toBe('quic-tunnel-client');
    for (const host of ['quic-tunnel-server', 'localhost']) expect(certificate('tls').checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1']) expect(certificate('tls').checkIP(ip)).toBe(ip);
  });

  test('are each good for their purpose and no other, as openssl judges strictly', () => {
    make();
    expect(opensslSays('-purpose', 'sslserver', '-verify_hostname', 'quic-tunnel-server', file('tls.crt'))).toBe('');
    expect(opensslSays('-purpose', 'sslclient', file('client.crt'))).toBe('');
    expect(opensslSays('-purpose', 'sslclient', file('tls.crt'))).toContain('unsuitable certificate purpose');
    expect(opensslSays('-purpose', 'sslserver', file('client.crt'))).toContain('unsuitable certificate purpose');
  });

  test('end when they have to, and differ from one making to the next', () => {
    make();
    const { validFrom, validTo, serialNumber } = certificate('client');
    expect(Date.parse(validTo) - Date.parse(validFrom)).toBe(30 * 24 * 60 * 60_000);
    make(['other']);
    expect(certificate('other').serialNumber).not.toBe(serialNumber);
  });

  test('A10: keys are readable by their owner alone', () => {
    make();
    const modes = readdirSync(room).map((name) => `${name} ${(statSync(file(name)).mode & 0o777).toString(8)}`);
    expect(modes.toSorted()).toEqual(
      ['ca.crt 644', 'ca.key 600', 'client.crt 644', 'client.key 600', 'tls.crt 644', 'tls.key 600'].toSorted(),
    );
  });

  test('further clients come from the CA that is there', () => {
    make();
    const before = readFileSync(file('ca.crt'));
    expect(make(['db', 'web'])).toEqual(['db.crt', 'db.key', 'web.crt', 'web.key'].map(file));
    expect(readFileSync(file('ca.crt'))).toEqual(before);
    expect(opensslSays('-purpose', 'sslclient', file('db.crt'))).toBe('');
    expect(commonNameOf(certificate('web'))).toBe('web');
  });

  test('never replace what is there, and leave nothing half done', () => {
    writeFileSync(file('client.key'), 'mine');
    expect(() => make()).toThrow(expect.objectContaining({ code: 'WH_ERR_FILE' }));
    expect(readdirSync(room)).toEqual(['client.key']);
    expect(readFileSync(file('client.key'), 'utf8')).toBe('mine');
  });

  test.each(['../up', 'a/b', '', '-x', 'ca', 'tls', 'x'.repeat(64), 'new\nline'])(
    '%j is no name of a client',
    (name) => {
      expect(() => make([name])).toThrow(expect.objectContaining({ code: 'WH_ERR_USAGE' }));
      expect(readdirSync(room)).toEqual([]);
    },
  );
});
