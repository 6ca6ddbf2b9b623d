import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { makeX25519 } from '../../lib/x25519.ts';
import { parseToken } from '../../spec/invitation.ts';
import type { Caller } from '../api/operations.ts';
import type { KnownPeer } from '../peers/known-peer.ts';
import { Invitations } from './invitations.ts';
import { Pairs } from './pairs.ts';

const base = mkdtempSync(join(tmpdir(), 'invitations-'));
afterAll(() => rmSync(base, { recursive: true }));

const endpoint = { host: 'a.example', port: 9999 };
const key = (): string => makeX25519().publicKey.toString('base64');
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
  /** Settles when the port opens by the keys of now. */
  let opened: Promise<void>;
  /** Name of a peer that the configuration has. */
  let configured: string;
  let made: Invitations;
  /** Who answers to who comes; undefined: nobody. */
  let far: Invitations | undefined;
  const up = ({ identity, key }: KnownPeer): Promise<unknown> =>
    far?.keys.get(identity)?.equals(key()) === true
      ? Promise.resolve({ host: '00000000000000aa' })
      : Promise.reject(new WormholeError('WH_ERR_PEER_AUTH', 'it does not know the key'));
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
            return { known, want: () => ({ [Symbol.dispose]: () => undefined }), up: () => up(met.at(-1) ?? known) };
          },
          unlink: () => undefined,
          left: ({ known }: { known: KnownPeer }) => (met = met.filter((one) => one !== known)),
        }) as never,
      accept: async (peer, publicKey) => await far?.accepted(publicKey, caller(peer.known.identity)),
      onKeys: () => (void (changes += 1), opened),
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
    opened = Promise.resolve();
    configured = '';
    far = undefined;
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

  test('are used by the first who comes: the secret opens the port no more, and no second one comes', async () => {
    const { token } = await made.invite(endpoint);
    const { identity, secret } = parseToken(token);
    await made.accepted(key(), caller(identity));
    expect(Buffer.from(made.keys.get(identity)?.bytes() ?? []).equals(Buffer.from(secret))).toBe(false);
    expect(readFileSync(join(directory, 'invited.json'), 'utf8')).not.toContain('privateKey');
    await expect(made.accepted(key(), caller(identity, 'thief'))).rejects.toMatchObject({
      code: 'WH_ERR_REQUEST_REFUSED',
    });
    expect(met.map(({ name }) => name)).toEqual(['b']);
  });

  test('are answered when the port opens by the new key, and not before', async () => {
    const identity = await invite();
    let open = (): void => undefined;
    opened = new Promise((resolve) => (open = resolve));
    let answered = false;
    const coming = made.accepted(key(), caller(identity)).then(() => void (answered = true));
    await expect.poll(() => changes).toBe(2);
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    open();
    await coming;
  });

  test('cannot be used by others, nor late, nor with a key that is none', async () => {
    const identity = await invite();
    await expect(made.accepted(key(), caller('wormhole'))).rejects.toMatchObject({ code: 'WH_ERR_REQUEST_REFUSED' });
    for (const bad of ['', 'x', Buffer.alloc(31).toString('base64'), Buffer.alloc(32).toString('base64')]) {
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
    directory = mkdtempSync(join(base, 'coming-'));
    made = start();
    now += 2_000;
    await expect(made.join(token, new AbortController().signal)).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
  });

  test('are for other hosts: who has made the token does not come with it, before or after somebody has', async () => {
    const { token } = await made.invite(endpoint);
    far = made;
    const join = (): Promise<unknown> => made.join(token, new AbortController().signal);
    await expect(join()).rejects.toMatchObject({ code: 'WH_ERR_SELF_PROXY' });
    expect([made.pending.length, met]).toEqual([1, []]);
    await made.accepted(key(), caller(parseToken(token).identity));
    await expect(join()).rejects.toMatchObject({ code: 'WH_ERR_SELF_PROXY' });
    expect(met.map(({ name }) => name)).toEqual(['b']);
  });

  test('A11 who has come by the token, and answers in the place of the host that has made it, gets nowhere', async () => {
    const inviting = made;
    const { token } = await inviting.invite(endpoint);
    const { identity, secret } = parseToken(token);
    directory = mkdtempSync(join(base, 'other-'));
    // It knows all that the token tells; its key is another one.
    const told = { identity, key: Buffer.from(secret).toString('base64'), expires: now / 1000 + 60 };
    await new Pairs(directory).put({ ...told, privateKey: makeX25519().privateKey.toString('base64') });
    const impostor = start();
    for (const answering of [inviting, impostor]) {
      directory = mkdtempSync(join(base, 'coming-'));
      made = start();
      far = answering;
      const joined = made.join(token, new AbortController().signal);
      if (answering === inviting) expect((await joined).peer.known.name).toBe('a');
      else
        await expect(joined).rejects.toMatchObject({
          code: 'WH_ERR_PEER_AUTH',
          message: /not the host that has made it/,
        });
      expect(made.keys.size).toBe(answering === inviting ? 1 : 0);
    }
  });
});
