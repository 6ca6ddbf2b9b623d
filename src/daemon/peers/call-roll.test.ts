/** What a daemon that is linked is told of the guests that are wanted there. */
import { describe, expect, test } from 'vitest';
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { callRoll, type RollOptions } from './call-roll.ts';

type Called = RollOptions['peers'][number];
const here = 'a'.repeat(16);
const link = (identity = commonIdentity): LinkFacts => ({ host: here, identity, name: 'lap' }) as LinkFacts;
const peer = (guest: string, host: string | undefined, state: Called['state'], identity = commonIdentity): Called =>
  ({ guests: new Set([guest]), host, state, known: { identity } }) as Called;

async function called(peers: readonly Called[], on: LinkFacts): Promise<readonly string[]> {
  let ids: readonly string[] = [];
  const roll = (said: { readonly ids: readonly string[] }) => ((ids = said.ids), Promise.resolve({ guests: [] }));
  await callRoll(on, { peers, callsTo: () => ({ roll }), log: { debug: () => undefined } });
  return ids;
}

describe('the roll', () => {
  test('names what is wanted of the daemon that is linked, by whatever name', async () => {
    const peers = [peer('x.0', here, 'up'), peer('y.0', here, 'up'), peer('z.0', 'b'.repeat(16), 'up')];
    expect(await called(peers, link())).toEqual(['x.0', 'y.0']);
  });

  test('names what waits for the very link that it is called on: whom a dial finds is known after the link is', async () => {
    const peers = [peer('x.0', undefined, 'dialing'), peer('y.0', 'b'.repeat(16), 'dialing')];
    expect(await called([...peers, peer('z.0', undefined, 'down')], link())).toEqual(['x.0', 'y.0']);
  });

  test('A11 names only what is asked of who proved the same', async () => {
    expect(await called([peer('x.0', here, 'up'), peer('y.0', undefined, 'dialing')], link('web'))).toEqual([]);
  });

  test('that cannot be told is logged, and no more', async () => {
    const lines: string[] = [];
    const log = { debug: (_about: object, text: string) => void lines.push(text) } as RollOptions['log'];
    const roll = () => Promise.reject(new Error('gone'));
    await callRoll(link(), { peers: [], callsTo: () => ({ roll }), log });
    expect(lines).toHaveLength(1);
  });
});
