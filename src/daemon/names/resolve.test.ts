import { mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { command } from '../../../test/support/command.ts';
import { O_PATH } from '../../sys/constants.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { makePlace, type Place } from '../places/place.ts';
import { resolveInPlace } from './resolve.ts';

const { signal } = new AbortController();

/** A directory that serves as a container's root. */
let directory: string;
let place: Place;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wormhole-names-'));
  mkdirSync(join(directory, 'etc'));
  // Nothing listens there: a question that leaves the files fails at once.
  write('resolv.conf', 'nameserver 127.0.0.254\n');
  const root = new OwnedFd(openSync(directory, O_PATH));
  place = makePlace({ label: 'app', namespaceId: 'net:[1]', root });
});

afterEach(() => {
  place[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(directory, 'etc', name), text);
}

const unresolved = { code: 'WH_ERR_NAME_NOT_RESOLVED' };

describe('resolveInPlace', () => {
  test('literals answer at once and for ever', async () => {
    for (const host of ['10.0.0.1', 'fd00::1', 'fe80::1%eth0']) {
      expect(await resolveInPlace(host, place, signal)).toEqual({ addresses: [host], validForMs: Infinity });
    }
  });

  test('localhost is loopback, whatever the hosts file says', async () => {
    write('hosts', '10.0.0.9 localhost a.localhost\n');
    for (const host of ['localhost', 'LOCALHOST.', 'a.localhost']) {
      expect((await resolveInPlace(host, place, signal)).addresses).toEqual(['127.0.0.1', '::1']);
    }
    await expect(resolveInPlace('notlocalhost', place, signal)).rejects.toMatchObject(unresolved);
  });

  test('the hosts file of the place answers for a few seconds', async () => {
    write('hosts', 'fd00::2 db\n10.0.0.2 db\n');
    expect(await resolveInPlace('db', place, signal)).toEqual({ addresses: ['10.0.0.2', 'fd00::2'], validForMs: 5000 });
  });

  test('a failure names the host, the place, the servers and the reason', async () => {
    await expect(resolveInPlace('db', place, signal)).rejects.toMatchObject({
      ...unresolved,
      message: expect.stringMatching(/^db does not resolve in app: ECONNREFUSED \(asked 127\.0\.0\.254\)/) as string,
      detail: { host: 'db', place: 'app', servers: '127.0.0.254' },
    });
  });

  test('A33: a symlink out of the root does not read the file outside', async () => {
    const outside = join(directory, 'outside');
    writeFileSync(outside, '6.6.6.6 db\n');
    symlinkSync(outside, join(directory, 'etc', 'hosts'));
    await expect(resolveInPlace('db', place, signal)).rejects.toMatchObject(unresolved);

    rmSync(join(directory, 'etc', 'hosts'));
    symlinkSync('../../../../../../outside', join(directory, 'etc', 'hosts'));
    expect((await resolveInPlace('db', place, signal)).addresses).toEqual(['6.6.6.6']); // "/.." is the root itself
  });

  test('A31: a FIFO, a directory, a loop and a huge file are no files', async () => {
    const hosts = join(directory, 'etc', 'hosts');
    await command('mkfifo', [hosts]);
    await expect(resolveInPlace('db', place, signal)).rejects.toMatchObject(unresolved);
    rmSync(hosts);
    mkdirSync(hosts);
    await expect(resolveInPlace('db', place, signal)).rejects.toMatchObject(unresolved);
    rmSync(hosts, { recursive: true });
    symlinkSync('hosts', hosts);
    await expect(resolveInPlace('db', place, signal)).rejects.toMatchObject(unresolved);
    rmSync(hosts);
    write('hosts', `10.0.0.2 db\n${'#'.repeat(65 * 1024)}`);
    await expect(resolveInPlace('db', place, signal)).rejects.toMatchObject(unresolved);
    write('hosts', `10.0.0.2 db\n${'#'.repeat(60 * 1024)}`);
    expect((await resolveInPlace('db', place, signal)).addresses).toEqual(['10.0.0.2']);
  });

  test('is given up with its signal', async () => {
    await expect(resolveInPlace('db', place, AbortSignal.abort())).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });
});
