/** What lists things, on a terminal of 80 columns. */
import { describe, expect, test } from 'vitest';
import { aWormhole, runCli } from '../../../test/support/cli-run.ts';
import type { Peer, Tunnel } from '../../spec/api.ts';
import type { Daemon } from '../invocation.ts';

function aPeer(changes: Partial<Peer>): Peer {
  return {
    name: 'db',
    state: 'lost',
    reason: '',
    source: 'config',
    addresses: [],
    address: '',
    path: 'direct',
    carrier: 'tls',
    carrierReason: '',
    datagrams: 'udp',
    identity: 'wormhole',
    host: '0123456789abcdef',
    version: '0.1.0',
    rttMs: 12.3,
    clockSkewMs: 0,
    streams: 12,
    wormholes: 3,
    guests: 1,
    ...changes,
  };
}

function aTunnel(changes: Partial<Tunnel>): Tunnel {
  return {
    id: 'x',
    peer: 'db',
    type: 'ipsec',
    engine: 'kernel',
    udp: true,
    local: '100.65.0.2',
    remote: '100.65.0.3',
    outerLocal: '10.0.0.1',
    outerRemote: '10.0.0.2',
    attach: '',
    peerAttach: '',
    state: 'complete',
    reason: '',
    createdAt: '2026-01-02T03:04:05.000Z',
    freshAt: null,
    bytesIn: 1536,
    bytesOut: 1536,
    dropped: 0,
    ...changes,
  };
}

describe('tables on a terminal of 80 columns', () => {
  const six = '[2001:db8:85a3:8d3:1319:8a2e:370:7348]:9999';
  const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
  const name = 'a-name-as-long-as-names-of-machines-may-well-be';
  const wide: Partial<Daemon> = {
    list: async () => ({
      wormholes: [
        aWormhole({
          url: `tcp://${six}`,
          targets: [`${name}@127.0.0.1:3306`, `b@${six}`],
          state: 'failed',
          reason: 'no '.repeat(60),
        }),
      ],
    }),
    peers: async () => ({
      name: 'me',
      peers: [aPeer({ name, address: six, addresses: [six], reason: 'no '.repeat(60) })],
    }),
    tunnels: async () => ({
      tunnels: [aTunnel({ peer: name, outerRemote: six, attach: name, reason: 'no '.repeat(60) })],
    }),
  };

  test.each([
    ['ls', [`tcp://${six}`, `${name}@127.0.0.1:3306`, `b@${six}`]],
    ['peers', [name, six]],
    ['tunnel-list', [name, six, `100.65.0.2 in ${name}`]],
  ])('%s fits with long names and IPv6, and cuts none of them', async (verb, whole) => {
    const { stdout } = await runCli([verb], { daemon: wide, columns: 80, env: { NO_COLOR: '1' } });
    expect(widest(stdout)).toBeLessThanOrEqual(80);
    for (const text of whole) expect(stdout).toContain(text);
    const piped = (await runCli([verb], { daemon: wide })).stdout.split('\n');
    for (const text of whole) expect(piped[1]).toContain(text);
  });
});

test('tunnel-list tells what was dropped, and tells nobody that it was none where nobody counts', async () => {
  const tunnels = [aTunnel({ dropped: 7 }), aTunnel({ engine: 'wireguard-go', type: 'wireguard', dropped: null })];
  const { stdout } = await runCli(['tunnel-list'], { daemon: { tunnels: async () => ({ tunnels }) } });
  expect(stdout.split('\n').map((line) => line.trim().split(/\s+/).at(-1))).toEqual(['DROPPED', '7', '-', '']);
});
