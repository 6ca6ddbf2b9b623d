/** The race of a peer's addresses, over real TLS connections on 127.0.0.1. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LinksEnd } from '../../../test/support/links-end.ts';
import { portOf } from '../../../test/support/local.ts';
import { closedPort, silentTarget } from '../../../test/support/relay-targets.ts';
import { type Dialed, dialPeer, type PeerTarget } from './dial.ts';
import type { LookUp, PeerEndpoint } from './endpoints.ts';

const never = new AbortController().signal;
const local = (port: number): PeerEndpoint => ({ host: '127.0.0.1', port });
let there: LinksEnd;
beforeAll(async () => void (there = await new LinksEnd('b').listen()));
afterAll(() => there.close());

interface Attempt {
  readonly target?: Partial<PeerTarget>;
  /** What names mean; absent = none has a meaning. */
  readonly look?: LookUp;
}

/** @returns where the connection leads that has won */
async function wonBy(addresses: readonly PeerEndpoint[], { target, look = unknown }: Attempt = {}): Promise<string> {
  using won = await dial({ ...there.target(addresses), ...target }, look);
  return won.address;
}

async function dial(target: PeerTarget, look: LookUp): Promise<Dialed & Disposable> {
  const dialed = await dialPeer(target, never, undefined, look);
  return { ...dialed, [Symbol.dispose]: () => void dialed.stream.destroy() };
}

const unknown: LookUp = () => Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }));
const four = (address: string) => ({ address, family: 4 });

test('the first is preferred, and one that refuses or says nothing does not hold up the next', async () => {
  await using silent = await silentTarget();
  const refusing = await closedPort();
  const [good, mute] = [local(there.port), local(portOf(silent))];
  expect(await wonBy([good, mute])).toBe(`127.0.0.1:${there.port}`);
  expect(await wonBy([mute, local(refusing.port), good])).toBe(`127.0.0.1:${there.port}`);
});

test('who answers without the key loses, and is what is told when nobody wins', async () => {
  await using other = await new LinksEnd('c').listen();
  const key = randomBytes(32);
  const refusing = await closedPort();
  const addresses = [local(refusing.port), local(there.port)];
  await expect(wonBy(addresses, { target: { key } })).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
  await expect(wonBy([local(refusing.port)])).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
  expect(await wonBy([local(refusing.port), local(other.port)])).toBe(`127.0.0.1:${other.port}`);
});

test('a name has all its addresses tried, families in turns', async () => {
  const look: LookUp = async () => [four('127.0.0.2'), four('127.0.0.1'), { address: '::1', family: 6 }];
  expect(await wonBy([{ host: 'b.example', port: there.port }], { look })).toBe(`127.0.0.1:${there.port}`);
});

test('a name whose servers do not answer holds up no other address, wherever it stands', async () => {
  const look: LookUp = () => new Promise(() => undefined);
  const nowhere = { host: 'nowhere.example', port: 9999 };
  const begun = performance.now();
  expect(await wonBy([nowhere, local(there.port)], { look })).toBe(`127.0.0.1:${there.port}`);
  expect(await wonBy([local(there.port), nowhere], { look })).toBe(`127.0.0.1:${there.port}`);
  // The time for all of it is ten seconds.
  expect(performance.now() - begun).toBeLessThan(9_000);
});

test('a name that is known late is tried then', async () => {
  const refusing = await closedPort();
  const late: LookUp = () => new Promise((resolve) => setTimeout(resolve, 600, [four('127.0.0.1')]));
  const addresses = [{ host: 'late.example', port: there.port }, local(refusing.port)];
  expect(await wonBy(addresses, { look: late })).toBe(`127.0.0.1:${there.port}`);
});

test('names without a meaning are told when there is nothing else, the first one of them', async () => {
  const names = ['a.example', 'b.example'].map((host) => ({ host, port: 9999 }));
  await expect(wonBy(names)).rejects.toMatchObject({
    code: 'WH_ERR_NAME_NOT_RESOLVED',
    message: expect.stringContaining('a.example (ENOTFOUND)'),
  });
  const refusing = await closedPort();
  await expect(wonBy([...names, local(refusing.port)])).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
});
