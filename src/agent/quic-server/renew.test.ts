import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { QuicCredentials, QuicListener } from '../../carrier/quic/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import { makeCertificates } from '../certs/directory.ts';
import { renew } from './renew.ts';

test('certificates that are replaced are taken up, and what cannot be used is told and left alone', async () => {
  const room = mkdtempSync(join(tmpdir(), 'wormhole-renew-'));
  const taken: QuicCredentials[] = [];
  const listener = {
    replaceCredentials: (credentials: QuicCredentials) => {
      if (credentials.cert.length === 0) throw new WormholeError('WH_ERR_CONFIG', 'not a certificate');
      taken.push(credentials);
    },
  } as QuicListener;
  const told: string[] = [];
  try {
    for (const name of ['old', 'new']) {
      makeCertificates({ directory: join(room, name), clients: [], serverName: name, days: 1 });
    }
    const files = { ca: join(room, 'old/ca.crt'), cert: join(room, 'old/tls.crt'), key: join(room, 'old/tls.key') };
    using _watch = renew(files, listener, (level) => told.push(level), 5);
    copyFileSync(join(room, 'new/tls.crt'), files.cert);
    utimesSync(files.cert, 1, 1);
    await expect.poll(() => taken.length).toBe(1);
    writeFileSync(files.cert, '');
    utimesSync(files.cert, 2, 2);
    await expect.poll(() => told).toEqual(['info', 'error']);
    rmSync(files.cert);
    await expect.poll(() => told).toEqual(['info', 'error', 'error']);
    copyFileSync(join(room, 'new/tls.crt'), files.cert);
    utimesSync(files.cert, 3, 3);
    await expect.poll(() => taken.length).toBe(2);
  } finally {
    rmSync(room, { recursive: true });
  }
});
