import { describe, expect, test } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import type { TunnelAnswer, TunnelOffer } from '../spec/api.ts';
import { formatSa, type Ground, judgeAnswer, judgeOffer, parseSa } from './negotiation.ts';

const sa = { spi: 4711, key: Buffer.alloc(36, 7).toString('base64') };
const wireguard = {
  publicKey: Buffer.alloc(32, 1).toString('base64'),
  port: 4500,
  salt: Buffer.alloc(32, 2).toString('base64'),
};
const offer: TunnelOffer = {
  id: '0123456789abcdef',
  kinds: ['ipsec', 'ipsec-udp', 'wireguard'],
  pairs: [
    ['100.64.0.2', '100.64.0.3'],
    ['100.64.0.5', '100.64.0.4'],
  ],
  own: '10.0.0.1',
  seen: '10.0.0.2',
  sa,
  udpPort: 4501,
  wireguard,
};
const ground: Ground = {
  range: { network: '100.64.0.0', bits: 14 },
  isUsed: () => false,
  cannot: () => undefined,
  far: '10.0.0.1',
  reach: () => undefined,
};
const answer: TunnelAnswer = {
  id: offer.id,
  kind: 'ipsec',
  pair: ['100.64.0.2', '100.64.0.3'],
  own: '10.0.0.2',
  seen: '10.0.0.1',
  sa,
};

describe('an offer of a tunnel', () => {
  test('comes to the first pair that is free here and the first kind that both can do', () => {
    expect(judgeOffer(offer, ground)).toMatchObject({
      kind: 'ipsec',
      overlay: { local: '100.64.0.3', remote: '100.64.0.2' },
    });
    const used = { ...ground, isUsed: (address: string) => address === '100.64.0.2' };
    expect(judgeOffer(offer, used).overlay).toEqual({ local: '100.64.0.4', remote: '100.64.0.5' });
    const only = { ...ground, cannot: (kind: string) => (kind === 'wireguard' ? undefined : `no ${kind}`) };
    expect(judgeOffer(offer, only).kind).toBe('wireguard');
  });

  test('W6 with no free pair is a conflict, and with no kind for this host names what is missing', () => {
    expect(() => judgeOffer(offer, { ...ground, isUsed: () => true })).toThrowError(
      expect.objectContaining({ code: 'WH_ERR_TUNNEL_CONFLICT', detail: { conflict: 'addresses' } }),
    );
    expect(() => judgeOffer(offer, { ...ground, cannot: (kind) => `no ${kind}` })).toThrowError(
      expect.objectContaining({ code: 'WH_ERR_KERNEL', message: 'no ipsec; no ipsec-udp; no wireguard' }),
    );
  });

  test('A17 has packets sent to another address than where the peer is seen only where policy lets it', () => {
    const asked: string[] = [];
    const judged: Ground = { ...ground, reach: (host, port) => void asked.push(`${host} ${port}`) };
    const external = '10.0.0.9';
    for (const kind of offer.kinds) {
      judgeOffer({ ...offer, kinds: [kind], external }, judged);
      judgeAnswer({ ...answer, kind, external, udpPort: 4502, wireguard }, offer, judged);
    }
    expect(asked).toEqual([
      '10.0.0.9 4500',
      '10.0.0.9 4500',
      '10.0.0.9 4501',
      '10.0.0.9 4502',
      '10.0.0.9 4500',
      '10.0.0.9 4500',
    ]);
    judgeOffer({ ...offer, external: '10.0.0.1' }, judged);
    expect(asked).toHaveLength(6);
    const denied: Ground = {
      ...ground,
      reach() {
        throw new WormholeError('WH_ERR_POLICY', 'no');
      },
    };
    const policy = expect.objectContaining({ code: 'WH_ERR_POLICY' });
    expect(() => judgeOffer({ ...offer, external }, denied)).toThrow(policy);
    expect(() => judgeAnswer({ ...answer, external }, offer, denied)).toThrow(policy);
  });

  test.each<[string, Partial<TunnelOffer>]>([
    ['a pair of another range', { pairs: [['10.0.0.2', '10.0.0.3']] }],
    ['two addresses that are no pair', { pairs: [['100.64.0.1', '100.64.0.2']] }],
    ['one address twice', { pairs: [['100.64.0.2', '100.64.0.2']] }],
    ['an address in another spelling', { pairs: [['100.64.0.02', '100.64.0.3']] }],
    [
      'one good pair and one bad one',
      {
        pairs: [
          ['100.64.0.2', '100.64.0.3'],
          ['8.8.8.8', '8.8.8.9'],
        ],
      },
    ],
    ['an id that is a path', { id: '../../etc/passwd' }],
    ['a reserved SPI', { sa: { ...sa, spi: 255 } }],
    ['an SPI that is too large', { sa: { ...sa, spi: 2 ** 32 } }],
    ['a fractional SPI', { sa: { ...sa, spi: 300.5 } }],
    ['a short key', { sa: { ...sa, key: Buffer.alloc(35, 1).toString('base64') } }],
    ['a key of zeros', { sa: { ...sa, key: Buffer.alloc(36).toString('base64') } }],
    ['a key in loose base64', { sa: { ...sa, key: `${sa.key.slice(0, 47)} ` } }],
    ['no keys for what it offers', { kinds: ['ipsec'], sa: undefined as never }],
    ['no port for IPsec in UDP', { kinds: ['ipsec-udp'], udpPort: undefined as never }],
    ['port 0', { udpPort: 0 }],
    ['a port beyond all ports', { wireguard: { ...wireguard, port: 65_536 } }],
    ['a public key of zeros', { wireguard: { ...wireguard, publicKey: Buffer.alloc(32).toString('base64') } }],
    ['a loopback address to send to', { own: '127.0.0.1' }],
    ['a mapped loopback address', { own: '::ffff:127.0.0.1' }],
    ['the unspecified address', { external: '0.0.0.0' }],
    ['a multicast address', { external: '224.0.0.1' }],
    ['broadcast', { external: '255.255.255.255' }],
    ['a metadata service', { external: '169.254.169.254' }],
    ['a link-local address', { external: 'fe80::1' }],
    ['an overlay address as the way there', { external: '100.65.0.1' }],
    ['a name', { own: 'db-host' }],
    ['an MTU below all', { mtu: 100 }],
  ])('W5 with %s is refused, and its values are not repeated', (_, change) => {
    const given = { ...offer, ...change };
    expect(() => judgeOffer(given, ground)).toThrowError(expect.objectContaining({ code: 'WH_ERR_REQUEST_INVALID' }));
    try {
      judgeOffer(given, ground);
    } catch (error) {
      expect(String(error)).not.toContain(given.sa?.key ?? 'none');
    }
  });

  test('between hosts whose own addresses are of the overlay range says what to change', () => {
    const judge = (): unknown => judgeOffer({ ...offer, own: '100.65.9.1' }, { ...ground, far: '100.65.9.1' });
    expect(judge).toThrow(/100\.65\.9\.1.*100\.64\.0\.0\/14.*another -C/);
  });

  test('between addresses of one machine may be on loopback', () => {
    const local = { ...offer, own: '127.0.0.1', seen: '127.0.0.2' };
    expect(judgeOffer(local, { ...ground, far: '127.0.0.1' }).far.own).toBe('127.0.0.1');
  });
});

describe('an answer', () => {
  test('is taken when it is to the offer', () => {
    expect(judgeAnswer(answer, offer, ground)).toMatchObject({
      overlay: { local: '100.64.0.2', remote: '100.64.0.3' },
    });
  });

  test.each<[string, Partial<TunnelAnswer>]>([
    ['of another id', { id: 'fedcba9876543210' }],
    ['with a pair that was not offered', { pair: ['100.64.0.8', '100.64.0.9'] }],
    ['with the pair the wrong way round', { pair: ['100.64.0.3', '100.64.0.2'] }],
    ['without keys', { sa: undefined as never }],
    ['of a kind without its part', { kind: 'wireguard' }],
    ['with a loopback address', { own: '127.0.0.1' }],
  ])('W5 %s is no use', (_, change) => {
    expect(() => judgeAnswer({ ...answer, ...change }, offer, ground)).toThrowError(
      expect.objectContaining({ code: 'WH_ERR_PROTOCOL' }),
    );
  });

  test('of a kind that was not offered is no use', () => {
    expect(() => judgeAnswer(answer, { ...offer, kinds: ['wireguard'] }, ground)).toThrowError(/was not offered/);
  });

  test('W6 whose addresses were taken here meanwhile is a conflict', () => {
    expect(() => judgeAnswer(answer, offer, { ...ground, isUsed: () => true })).toThrowError(
      expect.objectContaining({ code: 'WH_ERR_TUNNEL_CONFLICT' }),
    );
  });
});

test('keys of one direction come back as they were told', () => {
  expect(formatSa(parseSa(sa))).toEqual(sa);
});
