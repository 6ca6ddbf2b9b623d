import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { formatRecords, parseRecords, type TunnelRecord } from './record.ts';
import { TunnelStore } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'tunnel-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

const base = {
  peer: 'db-host',
  host: '0123456789abcdef',
  identity: 'common',
  phase: 'complete',
  driver: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  freshAt: '2026-01-01T00:00:00.000Z',
} as const;
const ipsec: TunnelRecord = {
  ...base,
  id: '0123456789abcdef',
  kind: 'ipsec-udp',
  shape: {
    kind: 'ipsec',
    outer: { local: '10.0.0.1', remote: '10.0.0.2' },
    overlay: { local: '100.64.0.2', remote: '100.64.0.3' },
    udp: { localPort: 4500, remotePort: 4501, keepaliveSeconds: 20 },
    mtu: 1400,
  },
};
const wireguard: TunnelRecord = {
  ...base,
  id: 'fedcba9876543210',
  kind: 'wireguard',
  attach: 'app',
  peerAttach: 'db',
  shape: {
    kind: 'wireguard',
    engine: 'go',
    name: 'wh01234567',
    listenPort: 4502,
    overlay: { local: '100.64.0.4', remote: '100.64.0.5' },
    peer: { publicKey: Buffer.alloc(32, 9), endpoint: { address: '10.0.0.2', port: 4500 } },
  },
};

describe('remembered tunnels', () => {
  test('come back as they were written', () => {
    expect(parseRecords(formatRecords([ipsec, wireguard]))).toEqual([ipsec, wireguard]);
  });

  test.each([
    '',
    '[]',
    '{"version":2,"tunnels":[]}',
    '{"version":1,"tunnels":[{}]}',
    '{"version":1,"tunnels":[],"x":1}',
  ])('are not read from %j', (text) => expect(parseRecords(text)).toHaveProperty('damage'));

  test('are for the daemon alone', async () => {
    const store = new TunnelStore(directory, pino({ level: 'silent' }));
    expect(store.load()).toEqual([]);
    await Promise.all([store.save([]), store.save([ipsec])]);
    expect(store.load()).toEqual([ipsec]);
    expect(statSync(join(directory, 'tunnels.json')).mode & 0o777).toBe(0o600);
  });

  test('in a damaged file are set aside, and the daemon goes on', () => {
    writeFileSync(join(directory, 'tunnels.json'), '{');
    const store = new TunnelStore(directory, pino({ level: 'silent' }));
    expect([store.load(), store.load()]).toEqual([[], []]);
    expect(readdirSync(directory)).toEqual([expect.stringMatching(/^tunnels\.json\.corrupt-/)]);
  });
});
