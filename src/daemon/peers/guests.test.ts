/** Guests on a registry of memory: whose they are, and when they go. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import type { GuestRequest } from '../../spec/api.ts';
import type { Caller } from '../api/operations.ts';
import type { Entry } from '../wormhole/entry.ts';
import { Guests, type GuestsOptions } from './guests.ts';
import { keyOf } from './owner.ts';

const never = new AbortController().signal;
const request: GuestRequest = { words: ['tail', 'url', ':80'], protocol: 'tcp', eager: true, trail: ['a/x'] };
const other: GuestRequest = { ...request, words: ['tail', 'url', ':81'] };
const hostA = 'a'.repeat(16);
const hostB = 'b'.repeat(16);

function caller(host: string, identity: string = commonIdentity, signal: AbortSignal = never): Caller {
  const link = { number: 1, host, name: 'peer' };
  return { origin: { kind: 'peer', identity, address: '10.0.0.1:5', link }, signal };
}

/** A registry that makes whatever it is asked for, once `gate` lets it. */
class FakeRegistry {
  readonly made: string[] = [];
  readonly ended: Array<[id: string, now: boolean]> = [];
  readonly entries = new Map<string, Entry>();
  state = 'up';
  gate: Promise<unknown> = Promise.resolve();

  readonly host: GuestsOptions['registry']['host'] = async ({ id }, signal) => {
    this.made.push(id);
    const given = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    await Promise.race([this.gate, given]);
    const entry = { id, status: { state: this.state, reason: '' } } as unknown as Entry;
    const described = { id, state: this.state, reason: '', url: '', targets: [], stats: {} };
    Object.assign(entry, { describe: () => ({ ...described, state: this.state }), segments: () => [] });
    this.entries.set(id, entry);
    return entry;
  };

  list = (): readonly Entry[] => [...this.entries.values()];

  get = (id: string): Entry => {
    const found = this.entries.get(id);
    if (found === undefined) throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', `there is no wormhole ${id}`);
    return found;
  };

  remove = async (id: string, now: boolean): Promise<Entry> => {
    const found = this.get(id);
    this.entries.delete(id);
    this.ended.push([id, now]);
    return await Promise.resolve(found);
  };
}

describe('guests', () => {
  let registry: FakeRegistry;
  let guests: Guests;
  const make = (leaseMs = 60_000): Guests => {
    const log = { info: () => undefined, warn: () => undefined } as unknown as GuestsOptions['log'];
    return new Guests({
      registry,
      policies: { judge: () => Promise.resolve() },
      overlayWith: () => '100.64.0.2',
      log,
      leaseMs,
    });
  };
  beforeEach(() => {
    registry = new FakeRegistry();
    guests = make();
  });
  afterEach(() => guests[Symbol.dispose]());

  test('the same request again changes nothing, another one replaces', async () => {
    for (let i = 0; i < 2; i += 1) await guests.put('x.0', request, caller(hostA));
    expect(registry.made).toEqual([`x.0~${hostA}`]);
    await guests.put('x.0', other, caller(hostA));
    expect(registry.made).toHaveLength(2);
    expect(registry.ended).toEqual([[`x.0~${hostA}`, false]]);
  });

  test('one whose container is just being started is not made again under its clients', async () => {
    await guests.put('x.0', request, caller(hostA));
    registry.state = 'starting';
    for (const one of registry.entries.values()) Object.assign(one, { status: { state: 'starting', reason: '' } });
    await guests.put('x.0', request, caller(hostA));
    expect(registry.ended).toEqual([]);
  });

  test('one that people here have deleted is made again, also while its connections go on', async () => {
    await guests.put('x.0', request, caller(hostA));
    registry.entries.clear();
    await guests.put('x.0', request, caller(hostA));
    registry.state = 'draining';
    await guests.put('x.0', request, caller(hostA));
    expect(registry.made).toHaveLength(3);
  });

  test('requests for one guest at the same time make one', async () => {
    await Promise.all(Array.from({ length: 20 }, () => guests.put('x.0', request, caller(hostA))));
    expect(registry.made).toHaveLength(1);
  });

  test('a failed request leaves nothing, and does not count', async () => {
    registry.gate = Promise.reject(new WormholeError('WH_ERR_DIAL', 'no'));
    await expect(guests.put('x.0', request, caller(hostA))).rejects.toMatchObject({ code: 'WH_ERR_DIAL' });
    expect(guests.count({ host: hostA, identity: commonIdentity })).toBe(0);
  });

  test('one that is being made is given up when it is removed', async () => {
    registry.gate = new Promise(() => undefined);
    const put = guests.put('x.0', request, caller(hostA));
    const failed = expect(put).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await expect.poll(() => registry.made).toHaveLength(1);
    await expect(guests.remove('x.0', true, caller(hostA))).rejects.toMatchObject({
      code: 'WH_ERR_WORMHOLE_NOT_FOUND',
    });
    await failed;
  });

  test('the roll ends what is not on it, and bears with what is gone already', async () => {
    for (const id of ['x.0', 'y.0', 'z.0']) await guests.put(id, request, caller(hostA));
    await guests.put('x.0', request, caller(hostB));
    registry.entries.delete(`y.0~${hostA}`);
    registry.entries.delete(`z.0~${hostA}`);
    expect(await guests.roll({ ids: ['z.0'] }, caller(hostA))).toEqual({ guests: [] });
    expect(registry.ended).toEqual([[`x.0~${hostA}`, false]]);
    expect(guests.count({ host: hostB, identity: commonIdentity })).toBe(1);
  });

  test('the roll says nothing of what was asked for after it on its link, whichever arrives first', async () => {
    for (const [i, id] of ['old.0', 'new.0'].entries()) {
      await guests.put(id, { ...request, order: i + 1 }, caller(hostA));
    }
    registry.gate = new Promise(() => undefined);
    const [kept, given] = [3, 1].map((order) =>
      guests.put(`${order}.0`, { ...request, order }, caller(hostA)).catch((error: Error) => error.message),
    );
    await expect.poll(() => registry.made).toHaveLength(4);
    await guests.roll({ ids: [], after: 1 }, caller(hostA));
    expect(registry.ended).toEqual([[`old.0~${hostA}`, false]]);
    expect(await given).toBe('it is not wanted any more');
    expect(guests.ownerOf(`3.0~${hostA}`)).toBeDefined();
    const another = caller(hostA);
    Object.assign(another.origin, { link: { number: 2, host: hostA, name: 'peer' } });
    await guests.roll({ ids: [], after: 1 }, another);
    expect(guests.count({ host: hostA, identity: commonIdentity })).toBe(0);
    await kept;
  });

  test('A11 who says that it is another daemon, and has a key of its own, meets nothing of that daemon', async () => {
    await guests.put('x.0', request, caller(hostA));
    const evil = caller(hostA, 'evil');
    await expect(guests.get('x.0', evil)).rejects.toMatchObject({ code: 'WH_ERR_WORMHOLE_NOT_FOUND' });
    await expect(guests.remove('x.0', true, evil)).rejects.toMatchObject({ code: 'WH_ERR_WORMHOLE_NOT_FOUND' });
    await guests.roll({ ids: [] }, evil);
    guests.gone({ host: hostA, identity: 'evil' }, true);
    await guests.put('x.0', other, evil);
    expect(registry.ended).toEqual([]);
    expect(new Set(registry.made).size).toBe(2);
    expect(guests.ownerOf(`x.0~${hostA}`)?.identity).toBe(commonIdentity);
    // Nor does it take the place of one that is not there yet.
    await guests.put('y.0', other, evil);
    await guests.put('y.0', request, caller(hostA));
    expect(guests.ownerOf(`y.0~${hostA}`)?.identity).toBe(commonIdentity);
    expect(guests.ownerOf(keyOf('y.0', { host: hostA, identity: 'evil' }))?.identity).toBe('evil');
  });

  test('what nobody is linked for ends with the lease; what is linked again stays', async () => {
    guests[Symbol.dispose]();
    guests = make(20);
    const common = { identity: commonIdentity };
    await guests.put('x.0', request, caller(hostA));
    await guests.put('x.0', request, caller(hostB));
    guests.gone({ host: hostA, ...common }, false);
    guests.gone({ host: hostB, ...common }, false);
    guests.back({ host: hostB, ...common });
    await expect.poll(() => registry.ended).toEqual([[`x.0~${hostA}`, true]]);
    guests.gone({ host: hostB, ...common }, true);
    await expect.poll(() => registry.ended).toHaveLength(2);
  });

  test('A22 a peer has a number of guests, also when all are asked for at once', async () => {
    const puts = Array.from({ length: 1_100 }, (_, i) => guests.put(`x${i}.0`, request, caller(hostA)));
    const results = await Promise.allSettled(puts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1_024);
    expect(guests.count({ host: hostA, identity: commonIdentity })).toBe(1_024);
  });

  test('A22 a peer does not get more of them by saying that it is many', async () => {
    const puts = Array.from({ length: 5_000 }, (_, i) => {
      const host = i.toString(16).padStart(16, '0');
      return guests.put('x.0', request, caller(host, 'evil'));
    });
    const results = await Promise.allSettled(puts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4_096);
    await expect(guests.put('x.0', request, caller(hostA))).resolves.toBeDefined();
  });

  test('names that no head of a stream can name are refused, and anybody who is not on a link', async () => {
    for (const id of ['', '~', '-x', 'x'.repeat(129), 'x/y', 'x@y'])
      await expect(guests.put(id, request, caller(hostA))).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_INVALID' });
    const local: Caller = { origin: { kind: 'local', pid: 1, uid: 0, gid: 0 }, signal: never };
    await expect(guests.put('x.0', request, local)).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_REFUSED' });
  });
});
