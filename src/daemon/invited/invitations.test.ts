import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { parseToken } from '../../spec/invitation.ts';
import type { Caller } from '../api/operations.ts';
import type { KnownPeer } from '../peers/known-peer.ts';
import { Invitations } from './invitations.ts';
import { Pairs } from './pairs.ts';

const base = mkdtempSync(join(tmpdir(), 'invitations-'));
afterAll(() => rmSync(base, { recursive: true }));

const endpoint = { host: 'a.example', port: 9999 };
const key = (): string => randomBytes(32).toString('base64');
const caller = (identity: string, name = 'b'): Caller => ({
  origin: { kind: 'peer', identity, address: '', link: { number: 1, host: '00000000000000bb', name } },
  signal: new AbortController().signal,
});

describe('invitations', () => {
  let directory: string;
  let now: number;
  let met: KnownPeer[];
  let strangers: string[];
  let changes: number;
  /** Name of a peer that the configuration has. */
  let configured: string;
  let made: Invitations;
  const start = (): Invitations =>
    new Invitations({
      pairs: new Pairs(directory),
      name: 'a',
      peers: () =>
        ({
          list: met.map((known) => ({ known })),
          meet: (known: KnownPeer) => {
            if (known.name === configured) throw new WormholeError('WH_ERR_PEER_EXISTS', 'there is another one');
            met.push(known);
          },
          unlink: () => undefined,
          left: ({ known }: { known: KnownPeer }) => (met = met.filter((one) => one !== known)),
        }) as never,
      accept: () => Promise.resolve(undefined),
      onKeys: () => void (changes += 1),
      onStranger: (identity) => Promise.resolve(void strangers.push(identity)),
      log: { info: () => undefined, warn: () => undefined },
      now: () => now,
    });
  const invite = async (): Promise<string> => parseToken((await made.invite(endpoint)).token).identity;
  beforeEach(() => {
    directory = mkdtempSync(join(base, 'state-'));
    now = 1_800_000_000_000;
    met = [];
    strangers = [];
    changes = 0;
    configured = '';
    made = start();
  });

  test('open the port with the secret of the token, for tunnels alone', async () => {
    const { token } = await made.invite(endpoint);
    const { identity, secret, name } = parseToken(token);
    expect(name).toBe('a');
    expect(Buffer.from(made.keys.get(identity)?.bytes() ?? []).equals(Buffer.from(secret))).toBe(true);
    expect(made.policyOf(identity)?.verbs).toEqual(['tunnel']);
    expect(made.policyOf('wormhole')).toBeUndefined();
  });

  test('are used by the first who comes, whose own key opens the port from then on', async () => {
    const identity = await invite();
    const mine = key();
    await made.accepted(mine, caller(identity));
    expect(Buffer.from(made.keys.get(identity)?.bytes() ?? []).toString('base64')).toBe(mine);
    await expect(made.accepted(key(), caller(identity, 'thief'))).rejects.toMatchObject({
      code: 'WH_ERR_REQUEST_REFUSED',
    });
    expect(met.map(({ name }) => name)).toEqual(['b']);
  });

  test('cannot be used by others, nor late, nor with a key that is none', async () => {
    const identity = await invite();
    await expect(made.accepted(key(), caller('wormhole'))).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_REFUSED' });
    for (const bad of ['', 'x', Buffer.alloc(31).toString('base64')]) {
      await expect(made.accepted(bad, caller(identity))).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_INVALID' });
    }
    now += 16 * 60_000;
    await expect(made.accepted(key(), caller(identity))).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_REFUSED' });
    expect([made.keys.size, made.policyOf(identity)]).toEqual([0, undefined]);
  });

  test('into a container are for tunnels that end there, whoever comes with the token', async () => {
    const { token } = await made.invite(endpoint, 60, 'db');
    const { identity } = parseToken(token);
    expect(made.policyOf(identity)).toMatchObject({ verbs: ['tunnel'], attach: 'db' });
    expect(await made.accepted(key(), caller(identity))).toBe('db');
    made = start();
    expect(made.policyOf(identity)?.attach).toBe('db');
  });

  test('are void when they are withdrawn, and who has come is a stranger again', async () => {
    const [pending, used] = [await invite(), await invite()];
    expect(made.pending.map(({ identity }) => identity)).toEqual([pending, used]);
    await made.accepted(key(), caller(used));
    expect(made.pending.map(({ identity }) => identity)).toEqual([pending]);
    expect([await made.withdraw(pending), await made.withdraw(used)]).toEqual([true, true]);
    expect([made.keys.size, made.policyOf(used), met]).toEqual([0, undefined, []]);
    await expect(made.accepted(key(), caller(pending))).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_REFUSED' });
    expect(await made.withdraw(pending)).toBe(false);
    // Their tunnels are taken away.
    expect(strangers).toEqual([pending, used]);
  });

  test('are bounded in number and in time', async () => {
    for (let n = 0; n < 64; n += 1) await invite();
    await expect(made.invite(endpoint)).rejects.toMatchObject({ code: 'WH_ERR_LIMIT' });
    now += 16 * 60_000;
    await invite();
    await expect(made.invite(endpoint, 86_401)).rejects.toMatchObject({ code: 'WH_ERR_USAGE' });
  });

  test('outlive the daemon, and a damaged file opens nothing', async () => {
    const identity = await invite();
    await made.accepted(key(), caller(identity));
    made = start();
    made.restore();
    expect([made.keys.size, met.at(-1)]).toMatchObject([1, { name: 'b', identity, addresses: [] }]);
    writeFileSync(join(directory, 'invited.json'), '[{"identity":"wormhole","key":"x"}]');
    expect(start().keys.size).toBe(0);
    writeFileSync(join(directory, 'invited.json'), '{');
    expect(start).toThrowError(expect.objectContaining({ code: 'WH_ERR_STATE' }));
  });

  test('keep no daemon from starting whose configuration names the host that came', async () => {
    const [one, other] = [await invite(), await invite()];
    await made.accepted(key(), caller(one, 'b'));
    await made.accepted(key(), caller(other, 'c'));
    [configured, met] = ['b', []];
    made = start();
    made.restore();
    expect(met.map(({ name }) => name)).toEqual(['c']);
    expect(made.policyOf(one)?.verbs).toEqual(['tunnel']);
  });

  test('close the port when their time is over, also after a restart of the daemon', async () => {
    const { expires } = await made.invite(endpoint, 3_600);
    made = start();
    now = expires * 1000 - 5;
    made.restore();
    changes = 0;
    now += 5;
    await expect.poll(() => changes).toBe(1);
    expect(made.keys.size).toBe(0);
  });

  test('a token that is over is told before anybody is asked', async () => {
    const { token } = await made.invite(endpoint, 1);
    now += 2_000;
    await expect(made.join(token, new AbortController().signal)).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
  });
});
