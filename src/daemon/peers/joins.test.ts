import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { Joins } from './joins.ts';
import type { Peer } from './peer.ts';
import { type Peers, peerName } from './peers.ts';

const never = new AbortController().signal;

class FakePeer {
  readonly name: string;
  wishes = 0;
  as: string | undefined;
  up: () => Promise<unknown> = () => Promise.resolve({});

  constructor(name: string) {
    this.name = name;
  }
  /** A link is made anew with each name. */
  get said(): string | undefined {
    return this.as;
  }
  callOneself(as: string | undefined): void {
    this.as = as;
  }
  want(): Disposable {
    this.wishes += 1;
    return { [Symbol.dispose]: () => void (this.wishes -= 1) };
  }
}

describe('joins', () => {
  let directory: string;
  const made = new Map<string, FakePeer>();
  const unlinked: string[] = [];
  const peers = {
    joining: (address: Parameters<typeof peerName>[0]) => {
      const name = peerName(address);
      const peer = made.get(name) ?? new FakePeer(name);
      made.set(name, peer);
      return peer as unknown as Peer;
    },
    left: () => undefined,
    unlink: ({ name }: Peer) => void unlinked.push(name),
  } as unknown as Peers;
  const errors: string[] = [];
  const log = { error: (_about: object, text: string) => void errors.push(text) } as never;
  const kept = async (): Promise<unknown> => JSON.parse(await readFile(join(directory, 'joins.json'), 'utf8'));
  const aside = async (): Promise<string[]> => {
    const names = (await readdir(directory)).filter((name) => name.startsWith('joins.json.corrupt-'));
    return await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  };
  const joins = (): Joins => new Joins(directory, peers, log);

  beforeEach(async () => {
    made.clear();
    unlinked.length = 0;
    errors.length = 0;
    directory = await mkdtemp(join(tmpdir(), 'joins-'));
  });

  test('a name that no peer can have is refused here, and not by whom it would be told', async () => {
    const refused = joins().join({ address: 'gateway', as: 'bad name' }, true, never);
    await expect(refused).rejects.toMatchObject({
      code: 'WH_ERR_SPEC_INVALID',
      message: expect.stringMatching(/name of a peer/),
    });
    expect(made.size).toBe(0);
  });

  test('are remembered, and joined again after a restart', async () => {
    await joins().join({ address: 'gate', as: 'lap' }, true, never);
    await joins()
      .join({ address: '[fd00::1]:7000' }, false, never)
      .catch(() => undefined);
    made.clear();
    joins().restore();
    expect([...made.values()].map(({ wishes }) => wishes)).toEqual([1]);
  });

  test('one that fails is remembered nowhere, and not wanted any more', async () => {
    made.set('gate', new FakePeer('gate'));
    (made.get('gate') as FakePeer).up = () => Promise.reject(new WormholeError('WH_ERR_PEER_UNREACHABLE', 'no'));
    await expect(joins().join({ address: 'gate' }, true, never)).rejects.toMatchObject({
      code: 'WH_ERR_PEER_UNREACHABLE',
    });
    await expect(kept()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(made.get('gate')?.wishes).toBe(0);
    await joins().join({ address: 'gate' }, false, never);
    expect(await kept()).toEqual([{ address: 'gate' }]);
  });

  test('the same again is the same; another name is said on another link', async () => {
    const all = joins();
    for (let i = 0; i < 2; i += 1) await all.join({ address: 'gate', as: 'lap' }, true, never);
    expect([made.get('gate')?.wishes, unlinked]).toEqual([1, []]);
    await all.join({ address: 'gate', as: 'phone' }, true, never);
    expect(await kept()).toEqual([{ address: 'gate', as: 'phone' }]);
    expect(made.get('gate')).toMatchObject({ wishes: 1, as: 'phone' });
    expect(unlinked).toEqual(['gate']);
  });

  test('one whose new name is refused stays joined under the old one', async () => {
    const all = joins();
    await all.join({ address: 'gate', as: 'lap' }, true, never);
    const gate = made.get('gate') as FakePeer;
    gate.up = () =>
      gate.as === 'lap' ? Promise.resolve({}) : Promise.reject(new WormholeError('WH_ERR_PEER_EXISTS', 'no'));
    await expect(all.join({ address: 'gate', as: 'phone' }, true, never)).rejects.toMatchObject({
      code: 'WH_ERR_PEER_EXISTS',
    });
    expect(await kept()).toEqual([{ address: 'gate', as: 'lap' }]);
    expect(gate).toMatchObject({ wishes: 1, as: 'lap' });
  });

  test('are left by name, by address and by the name that was used, once', async () => {
    const all = joins();
    for (const [what, name] of [
      [{ address: 'gate' }, 'gate'],
      [{ address: 'gate:7000' }, 'gate:7000'],
      [{ address: 'gate', as: 'lap' }, 'lap'],
    ] as const) {
      await all.join(what, true, never);
      await all.leave(name);
      expect(await kept()).toEqual([]);
      await expect(all.leave(name)).rejects.toMatchObject({ code: 'WH_ERR_PEER_NOT_FOUND' });
    }
  });

  test.each(['{', '5', 'null', '', '{"address": 5}', '[5, null, {"address": 5}, {"address": ""}]'])(
    'a file that cannot be read is told of and set aside, whole, and keeps nothing from starting: %s',
    async (text) => {
      await writeFile(join(directory, 'joins.json'), text);
      const all = joins();
      all.restore();
      expect(errors).toHaveLength(1);
      await all.join({ address: 'gate' }, true, never);
      expect(await kept()).toEqual([{ address: 'gate' }]);
      expect(await aside()).toEqual([text]);
      joins().restore();
      expect(errors).toHaveLength(1);
    },
  );

  test('what can be read of a damaged file is joined, and remembered on', async () => {
    const text = '[{"address": "gate", "as": "lap"}, {"address": 5}]';
    await writeFile(join(directory, 'joins.json'), text);
    joins().restore();
    await expect.poll(kept).toEqual([{ address: 'gate', as: 'lap' }]);
    expect([made.get('gate')?.as, await aside()]).toEqual(['lap', [text]]);
  });
});
