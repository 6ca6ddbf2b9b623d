/** The rest of a spec on a peer of memory. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LinkFacts } from '../../../carrier/link/facts.ts';
import { WormholeError } from '../../../lib/errors.ts';
import type { Guest } from '../../../spec/api.ts';
import type { OnLink, Peer } from '../../peers/peer.ts';
import { RemoteRest, type RemoteRestOptions } from './remote-rest.ts';

const never = new AbortController().signal;
const unreachable = new WormholeError('WH_ERR_PEER_UNREACHABLE', 'nobody there');

class World {
  readonly puts: boolean[] = [];
  readonly removed: string[] = [];
  readonly guests = new Set<string>();
  link: LinkFacts | undefined;
  wishes = 0;
  state: Guest['state'] = 'up';
  put: () => Promise<void> = () => Promise.resolve();
  #followers = new Set<OnLink>();
  readonly rest: RemoteRest;

  constructor(allow?: (host: string) => void) {
    const link = (): LinkFacts | undefined => this.link;
    const peer = {
      name: 'db',
      reason: '',
      guests: this.guests,
      get link() {
        return link();
      },
      get state() {
        return link() === undefined ? 'dialing' : 'up';
      },
      want: () => {
        this.wishes += 1;
        return { [Symbol.dispose]: () => void (this.wishes -= 1) };
      },
      follow: (onLink: OnLink) => {
        this.#followers.add(onLink);
        onLink(this.link);
        return { [Symbol.dispose]: () => void this.#followers.delete(onLink) };
      },
      up: () => (this.link === undefined ? Promise.reject(unreachable) : Promise.resolve(this.link)),
    } as unknown as Peer;
    const calls = {
      put: async (_id: string, { eager }: { eager: boolean }) => {
        this.puts.push(eager);
        await this.put();
        return { state: this.state, reason: this.state === 'up' ? '' : 'why' } as Guest;
      },
      remove: (id: string) => Promise.resolve(void this.removed.push(id)),
    } as unknown as RemoteRestOptions['calls'];
    const quiet = () => undefined;
    this.rest = new RemoteRest({
      peer,
      calls,
      guest: 'x.0',
      request: { words: ['tail', 'url', ':80'], protocol: 'tcp', trail: ['me/x'] },
      ...(allow !== undefined && { allow }),
      log: { warn: quiet, debug: quiet, info: quiet } as unknown as RemoteRestOptions['log'],
      onChange: () => Promise.resolve(),
    });
  }

  /** There is that link, or none. */
  linked(number?: number, instance = '1'): void {
    this.link =
      number === undefined
        ? undefined
        : ({ number, instance, rttMs: 1, address: `10.0.0.${number}:9999` } as LinkFacts);
    for (const follower of this.#followers) follower(this.link);
  }

  async place(): Promise<unknown> {
    const { targets } = await this.rest.member.targets(never);
    return targets.map(({ address }) => (address as { link?: number }).link)[0];
  }
}

describe('the rest of a spec on a peer', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
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

  test('is on the roll before there is a link', async () => {
    const put = world.rest.ensure(never, true).catch(() => undefined);
    expect([...world.guests]).toEqual(['x.0']);
    await put;
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

  test('removed, it goes there as well; from a peer that is away it goes with the roll', async () => {
    world.linked(1);
    await world.rest.ensure(never, true);
    await world.rest.remove(never);
    expect([world.removed, world.wishes, world.guests.size]).toEqual([['x.0'], 0, 0]);
    const other = new World();
    other.linked(1);
    await other.rest.ensure(never, true);
    other.linked();
    await other.rest.remove(never);
    expect([other.removed, other.guests.size]).toEqual([[], 0]);
  });

  test('A5 a link that leads where its owner may not go is not used for it, whoever made the link', async () => {
    const other = new World((host) => {
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
