/** The rest of a spec on a peer of memory. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RemoteWorld, unreachable } from '../../../../test/support/remote-world.ts';
import { WormholeError } from '../../../lib/errors.ts';

const never = new AbortController().signal;

describe('the rest of a spec on a peer', () => {
  let world: RemoteWorld;
  beforeEach(() => {
    world = new RemoteWorld();
  });
  afterEach(() => world.rest[Symbol.asyncDispose]());

  test('is wanted from the beginning, and made when it is needed', async () => {
    world.linked(1);
    expect([world.wishes, world.puts, world.rest.member.here]).toEqual([1, [], false]);
    await world.rest.ensure(never, true);
    expect([world.puts, world.rest.member.here]).toEqual([[true], true]);
    expect(await world.place()).toBe(1);
  });

  test('eager, whatever does not work is an error, and nothing is kept', async () => {
    await expect(world.rest.ensure(never, true)).rejects.toBe(unreachable);
    world.linked(1);
    world.put = () => Promise.reject(new WormholeError('WH_ERR_POLICY', 'no'));
    await expect(world.rest.ensure(never, true)).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(world.guests.size).toBe(0);
  });

  test('made again, it waits for its peer, and is there with the link', async () => {
    await world.rest.ensure(never, false);
    expect(world.rest.member.status.state).toBe('waiting');
    world.linked(1);
    await expect.poll(() => world.rest.member.here).toBe(true);
    expect(world.puts).toEqual([false]);
  });

  test('is away without a link; another link to the same process is another way and nothing else', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    world.linked(2);
    expect([await world.place(), world.puts.length]).toEqual([2, 1]);
    world.linked();
    expect(world.rest.member.here).toBe(false);
    await expect(world.place()).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
  });

  test('is made again in another process, and after its link was lost', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    world.linked(2, 'another');
    await expect.poll(() => world.puts).toEqual([true, false]);
    world.linked();
    world.linked(3, 'another');
    await expect.poll(() => world.puts.length).toBe(3);
    await expect.poll(() => world.rest.member.here).toBe(true);
  });

  test('what was made in a process that ended before it answered is made again in the next', async () => {
    world.linked(1);
    world.put = () => {
      world.put = () => Promise.resolve();
      world.linked(2, 'another');
      return Promise.resolve();
    };
    await expect(world.rest.ensure(never, true)).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
    await world.rest.ensure(never, true);
    expect(await world.place()).toBe(2);
  });

  test('while there is no link it says why there is none now, also to whoever connects', async () => {
    await world.rest.ensure(never, false);
    expect(world.rest.member.status.reason).toBe('peer db is not linked');
    world.failed('10.0.0.1:9999 did not answer');
    expect(world.rest.member.status).toEqual({ state: 'waiting', reason: 'peer db: 10.0.0.1:9999 did not answer' });
    world.failed('10.0.0.1:9999 does not accept our key');
    expect(world.told).toBe(2);
    await expect(world.place()).rejects.toMatchObject({ message: expect.stringContaining('does not accept our key') });
    world.reason = '';
    world.linked(1);
    await expect.poll(() => world.rest.member.status.state).toBe('up');
    world.reason = 'peer db: it is closing the link';
    world.linked();
    expect(world.rest.member.status).toEqual({ state: 'waiting', reason: 'peer db: it is closing the link' });
    world.failed('10.0.0.1:9999 did not answer');
    expect(world.rest.member.status.reason).toBe('peer db: 10.0.0.1:9999 did not answer');
    await world.rest[Symbol.asyncDispose]();
    world.failed('again');
    expect(world.told).toBe(3);
  });

  test('is on the roll before there is a link', async () => {
    const put = world.rest.ensure(never, true).catch(() => undefined);
    expect([...world.guests]).toEqual(['x.0']);
    await put;
  });

  test('what is pulled for it there is told while it is asked for, and no longer', async () => {
    world.linked(1);
    const pull = {
      image: 'mysql:8',
      status: 'Downloading',
      layersDone: 1,
      layersTotal: 7,
      bytesDone: 3,
      bytesTotal: 9,
    };
    const reason = 'pulling mysql:8: 1 of 7 layers, 33 %';
    let seen: unknown;
    world.put = () => {
      world.tell({ guest: 'x.0', state: 'starting', reason, pull });
      seen = [world.rest.underway.status, world.rest.pull, world.told];
      return Promise.resolve();
    };
    await world.rest.ensure(never, true);
    expect(seen).toEqual([{ state: 'starting', reason: `peer db: ${reason}` }, pull, 1]);
    expect([world.rest.underway.status, world.rest.pull, world.rest.member.status.state]).toEqual([
      undefined,
      undefined,
      'up',
    ]);
  });

  test('one that could not be made is heard of no more', async () => {
    world.linked(1);
    world.put = () => Promise.reject(new WormholeError('WH_ERR_IMAGE_NOT_FOUND', 'no'));
    await expect(world.rest.ensure(never, true)).rejects.toMatchObject({ code: 'WH_ERR_IMAGE_NOT_FOUND' });
    expect(world.following).toEqual([]);
  });

  test('many who need it at once make it once', async () => {
    world.linked(1);
    await Promise.all([world.rest.ensure(never, true), world.rest.ensure(never, true)]);
    expect(world.puts).toEqual([true]);
  });

  test('has the status that the peer tells, also on another link', async () => {
    world.state = 'waiting';
    world.linked(1);
    await world.rest.ensure(never, true);
    expect(world.rest.member.status).toEqual({ state: 'waiting', reason: 'peer db: why' });
    world.linked(2);
    expect(world.rest.member.status.state).toBe('waiting');
  });

  test('while its link has no connection it waits, says why, and what is told then is seen afterwards', async () => {
    world.state = 'idle';
    world.linked(1);
    await world.rest.ensure(never, true);
    world.outage.begin('nothing was heard of it');
    expect(world.rest.member.status).toEqual({
      state: 'waiting',
      reason: 'peer db is lost: nothing was heard of it; connections wait for it',
    });
    await expect.poll(() => world.told).toBe(1);
    world.tell({ guest: 'x.0', state: 'starting', reason: 'pulling' });
    world.linked(2);
    expect(world.rest.member.status.state).toBe('waiting');
    world.outage.end();
    expect(world.rest.member.status).toEqual({ state: 'starting', reason: 'peer db: pulling' });
    expect(world.told).toBe(3);
  });

  test('has the status that the peer tells later, in its words, and is where it was', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    world.tell({ guest: 'x.0', state: 'failed', reason: 'image shop not found' });
    expect(world.rest.member.status).toEqual({ state: 'failed', reason: 'peer db: image shop not found' });
    expect([world.told, await world.place()]).toEqual([1, 1]);
    for (const [state, shown] of [
      ['idle', { state: 'idle', reason: '' }],
      ['starting', { state: 'starting', reason: '' }],
      ['gone', { state: 'gone', reason: 'peer db: gone' }],
      ['up', { state: 'up', reason: '' }],
    ] as const) {
      world.tell({ guest: 'x.0', state, reason: '' });
      expect(world.rest.member.status).toEqual(shown);
    }
  });

  test('is heard of on the link that leads to it, and on no other', async () => {
    world.linked(1);
    expect(world.following).toEqual([]);
    await world.rest.ensure(never, true);
    expect(world.following).toEqual(['x.0 on 1']);
    world.linked(2);
    expect(world.following).toEqual(['x.0 on 2']);
    world.linked();
    expect(world.following).toEqual([]);
    world.tell({ guest: 'x.0', state: 'up', reason: '' });
    expect(world.rest.member.status.state).toBe('waiting');
    world.linked(3);
    await expect.poll(() => world.following).toEqual(['x.0 on 3']);
    await world.rest[Symbol.asyncDispose]();
    expect(world.following).toEqual([]);
  });

  test('that was deleted there is asked for again with the next connection', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    await world.place();
    expect(world.puts).toHaveLength(1);
    world.tell({ guest: 'x.0', state: 'deleted', reason: '' });
    expect(world.rest.member.status).toMatchObject({ state: 'waiting', reason: expect.stringContaining('deleted') });
    await world.place();
    expect(world.puts).toHaveLength(2);
  });

  test('what is heard while it is asked for counts more than the answer', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    world.put = () => Promise.resolve(world.tell({ guest: 'x.0', state: 'failed', reason: 'no' }));
    await world.rest.ensure(never, true);
    expect(world.rest.member.status).toEqual({ state: 'failed', reason: 'peer db: no' });
  });

  test('removed, it goes there as well; from a peer that is away it goes with the roll', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    await world.rest.remove(never);
    expect([world.removed, world.wishes, world.guests.size]).toEqual([['x.0'], 0, 0]);
    const other = new RemoteWorld();
    other.linked(1);
    await other.rest.ensure(never, true);
    other.linked();
    await other.rest.remove(never);
    expect([other.removed, other.guests.size]).toEqual([[], 0]);
  });

  test('A5 a link that leads where its owner may not go is not used for it, whoever made the link', async () => {
    const other = new RemoteWorld((host) => {
      if (host !== '10.0.0.1') throw new WormholeError('WH_ERR_POLICY', `${host} is forbidden`);
    });
    other.linked(2);
    await expect(other.rest.ensure(never, true)).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(other.puts).toEqual([]);
    other.linked(1);
    await other.rest.ensure(never, true);
    other.linked(2);
    expect([other.rest.member.here, other.puts.length]).toEqual([false, 1]);
    await other.rest[Symbol.asyncDispose]();
  });
});
