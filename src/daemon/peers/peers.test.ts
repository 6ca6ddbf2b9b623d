/** Peers over a carrier of memory: which link leads to whom, and for how long. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { WormholeError } from '../../lib/errors.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { parseAddress } from '../../spec/address.ts';
import type { KnownPeer } from './known-peer.ts';
import { Peers, type PeersOptions } from './peers.ts';

const never = new AbortController().signal;
const host = (digit: string): string => digit.repeat(16);
let numbers = 0;
const facts = (name: string, more: Partial<LinkFacts> = {}): LinkFacts => ({
  number: ++numbers,
  dialed: false,
  role: 'daemon',
  identity: commonIdentity,
  address: '10.0.0.1:5',
  instance: host('1'),
  host: host('a'),
  name,
  insists: false,
  version: '1.0.0',
  skewMs: 0,
  rttMs: 1,
  connected: true,
  streams: 0,
  datagrams: 'stream',
  carrier: 'tls',
  carrierReason: '',
  ...more,
});
const own = (name: string): KnownPeer => ({
  name,
  addresses: [],
  identity: name,
  ownIdentity: 'me',
  key: () => undefined as never,
  resumeMs: 30_000,
  source: 'config',
});

class World {
  readonly told: string[] = [];
  readonly ended: number[] = [];
  readonly lines: string[] = [];
  guests = 0;
  /** What dialing comes to. */
  dial: () => Promise<LinkFacts> = () => Promise.reject(new WormholeError('WH_ERR_PEER_UNREACHABLE', 'nobody there'));
  readonly peers: Peers;

  constructor(configured: readonly KnownPeer[] = []) {
    const line = (_about: object, text: string): void => void this.lines.push(text);
    const options: PeersOptions = {
      configured,
      common: {
        identity: commonIdentity,
        ownIdentity: commonIdentity,
        key: () => ({ bytes: () => new Uint8Array(32) }) as never,
        resumeMs: 30_000,
      },
      dial: () => this.dial(),
      end: (link) => void this.ended.push(link),
      guests: () => this.guests,
      log: { info: line, warn: line, debug: line } as unknown as PeersOptions['log'],
      idleMs: 20,
      onHost: ({ name }) => void this.told.push(`host ${name}`),
      onHostGone: ({ name }) => void this.told.push(`gone ${name}`),
    };
    this.peers = new Peers(options);
  }

  up(link: LinkFacts): LinkFacts {
    this.peers.changed(link.number, { change: 'up', facts: link });
    return link;
  }

  over({ number }: LinkFacts): void {
    this.peers.changed(number, { change: 'over', reason: 'gone' });
  }

  /** What `remote NAME` would use. */
  linkOf(name: string): number | undefined {
    return this.peers.list.find((peer) => peer.name === name)?.link?.number;
  }
}

describe('peers', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.peers[Symbol.dispose]());

  test('who dials us is known by its name as long as it is linked', () => {
    const link = world.up(facts('lap'));
    expect(world.linkOf('lap')).toBe(link.number);
    world.over(link);
    expect(world.peers.list).toEqual([]);
    expect(world.told).toEqual(['host lap', 'gone lap']);
  });

  test('another link to it takes over when one drains, and the daemon is gone with the last', () => {
    const first = world.up(facts('lap'));
    const second = world.up(facts('lap'));
    expect(world.linkOf('lap')).toBe(second.number);
    world.peers.changed(second.number, { change: 'draining' });
    expect(world.linkOf('lap')).toBe(first.number);
    world.over(second);
    expect(world.told).not.toContain('gone lap');
    world.over(first);
    expect(world.told).toContain('gone lap');
  });

  test('a lost connection is a state, not an end', () => {
    const link = world.up(facts('lap'));
    const peer = world.peers.named('lap');
    world.peers.changed(link.number, { change: 'lost', reason: 'reset' });
    expect([peer.state, peer.reason, peer.link?.number]).toEqual(['lost', 'reset', link.number]);
    world.peers.changed(link.number, { change: 'resumed', address: '192.0.2.7:4711' });
    // It may have come by another network.
    expect([peer.state, peer.link?.address]).toEqual(['up', '192.0.2.7:4711']);
    expect(world.peers.links.map(({ address }) => address)).toEqual(['192.0.2.7:4711']);
  });

  test('a program is nobody’s peer', () => {
    const link = world.up(facts('lap', { role: 'client' }));
    expect(world.peers.list).toEqual([]);
    world.over(link);
    expect(world.told).toEqual(['gone lap']);
  });

  test('a peer with a key of its own is known by it, whatever it calls itself', () => {
    world = new World([own('web')]);
    const link = world.up(facts('lap', { identity: 'web' }));
    expect(world.peers.list.map(({ name }) => name)).toEqual(['web']);
    expect(world.linkOf('web')).toBe(link.number);
    const lap = world.up(facts('lap', { host: host('b') }));
    expect(world.linkOf('lap')).toBe(lap.number);
  });

  test('A11 who says that it is the daemon of a peer with a key of its own is not led there, nor told of', () => {
    world = new World([own('web')]);
    world.up(facts('web', { identity: 'web' }));
    const before = world.linkOf('web');
    const evil = world.up(facts('web'));
    expect(world.linkOf('web')).toBe(before);
    world.over(evil);
    expect(world.told.filter((one) => one === 'gone web')).toHaveLength(1);
    expect(world.linkOf('web')).toBe(before);
  });

  test('A22 one that comes and goes without end fills no log', () => {
    for (let i = 0; i < 5_000; i += 1) world.over(world.up(facts('lap', { host: i.toString(16).padStart(16, '0') })));
    expect(world.lines.length).toBeLessThan(1_000);
    expect(world.peers.list).toEqual([]);
  });

  describe('that are dialed', () => {
    const address = parseAddress('db.example');

    test('one attempt serves all who wait, and each hears why it failed', async () => {
      let dials = 0;
      world.dial = () => {
        dials += 1;
        return Promise.reject(new WormholeError('WH_ERR_PEER_AUTH', 'no key of ours'));
      };
      const peer = world.peers.at(address);
      const all = await Promise.allSettled([peer.up(never), peer.up(never), peer.up(never)]);
      expect(all.every((one) => one.status === 'rejected')).toBe(true);
      expect(dials).toBe(1);
      expect(peer.reason).toBe('no key of ours');
    });

    test('a daemon that stops dials nobody, also when links end that somebody wants', async () => {
      let dials = 0;
      world.dial = () => {
        dials += 1;
        return Promise.resolve(world.up(facts('db', { dialed: true })));
      };
      const peer = world.peers.at(address);
      using _wish = peer.want();
      const link = await peer.up(never);
      world.peers.stop();
      expect(await peer.up(never)).toBe(link);
      world.over(link);
      const later = world.peers.at(parseAddress('other.example'));
      using _another = later.want();
      for (const one of [peer, later]) await expect(one.up(never)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
      expect(dials).toBe(1);
    });

    test('whoever stops waiting does not end the attempt of the others', async () => {
      let answer: (link: LinkFacts) => void = () => undefined;
      world.dial = () => new Promise((resolve) => (answer = resolve));
      const peer = world.peers.at(address);
      const asked = new AbortController();
      const [left, stays] = [peer.up(asked.signal), peer.up(never)];
      asked.abort(new Error('enough'));
      await expect(left).rejects.toThrow('enough');
      answer(world.up(facts('db', { dialed: true })));
      expect((await stays).name).toBe('db');
    });

    test('one that dialed us meanwhile is used', async () => {
      world.dial = () => Promise.reject(new WormholeError('WH_ERR_PEER_UNREACHABLE', 'no'));
      const peer = world.peers.at(parseAddress('lap'));
      const attempt = peer.up(never);
      const link = world.up(facts('lap'));
      expect((await attempt).number).toBe(link.number);
    });

    test('the link of one that only a spec named ends some time after its last wormhole', async () => {
      const link = facts('db', { dialed: true });
      world.dial = () => Promise.resolve(world.up(link));
      const peer = world.peers.at(address);
      const wish = peer.want();
      await peer.up(never);
      world.guests = 1;
      wish[Symbol.dispose]();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(world.ended).toEqual([]);
      world.guests = 0;
      await expect.poll(() => world.ended).toEqual([link.number]);
      expect(world.peers.list).toEqual([]);
    });

    test('a link that is wanted, or that the peer dialed, is left alone', async () => {
      const link = facts('db', { dialed: true });
      world.dial = () => Promise.resolve(world.up(link));
      world.up(facts('lap', { host: host('b') }));
      using _wish = world.peers.at(address).want();
      await expect.poll(() => world.peers.at(address).link).toBeDefined();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(world.ended).toEqual([]);
    });
  });
});
