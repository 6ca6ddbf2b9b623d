/**
 * Peers of another version: of the program, which is nobody's business; of the protocol, which both ends tell in words.
 *
 *     a: wormholed ══► other: the test's own bytes        other ══► a
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { yes } from '../../src/carrier/link/answer.ts';
import { frame } from '../../src/carrier/link/frame.ts';
import { Flag, FrameType } from '../../src/carrier/mux/frame.ts';
import { RecordType, Refusal, record } from '../../src/carrier/resume/record.ts';
import { answerCarrier, data, dialCarrier, hello, muxFrame, opening, saying } from '../support/carrier-client.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';
import type { Peer } from '../support/relay-peer.ts';
import { until } from '../support/relay-wait.ts';

let world: Hosts & { readonly a: Host; readonly other: Host };
beforeAll(async () => {
  world = await Hosts.start({ hosts: { a: {}, other: { down: true } } });
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** What an end says on the first stream, as the one that was dialed. */
const answering = (message: object): Buffer =>
  data(muxFrame(FrameType.data, Flag.ack, 1, frame(message)), muxFrame(FrameType.windowUpdate, Flag.fin, 1));

/** Answers the HELLO of each peer, and keeps what it said. */
async function answeringWith(said: string[], ...words: readonly Buffer[]): Promise<ServerThere> {
  return await answerCarrier(world.other, (peer) => void reply(peer, said, words).catch(() => undefined));
}

async function reply(peer: Peer, said: string[], words: readonly Buffer[]): Promise<void> {
  await until('it has said HELLO', () => peer.held > 100);
  said.push((await peer.read(peer.held)).toString('latin1'));
  for (const one of words) await peer.send(one);
}

describe('another version of the program', () => {
  const later = hello({ version: '99.1.0-later', name: 'later', news: { of: ['later', 'versions'] } });

  test('dials, and is a peer like any other; peers shows its version', async () => {
    await using peer = await dialCarrier(world.other, { host: world.a.site.v4, port: 9999 });
    await peer.send(Buffer.concat([opening(), data(saying(1, later))]));
    await until('it is linked', async () => (await world.a.peer('later').catch(() => undefined))?.state === 'up');
    expect(await world.a.peer('later')).toMatchObject({ version: '99.1.0-later', path: 'joined' });
    const { stdout } = await world.a.daemon.wormhole('peers', '--json');
    expect(stdout).toContain('99.1.0-later');
  });

  test('is dialed, and is a peer like any other', async () => {
    const said: string[] = [];
    await using _server = await answeringWith(said, answering({ ...yes, ...later, instance: 'aaaaaaaaaaaaaaaa' }));
    await world.a.join('other');
    expect(await world.a.peer('other')).toMatchObject({ version: '99.1.0-later', path: 'direct', state: 'up' });
    expect(said[0]).toContain('"hello":1');
    await world.a.daemon.wormhole('leave', 'other');
  });
});

describe('A23: another version of the protocol', () => {
  beforeEach(() => world.a.daemon.wormhole('leave', 'other'));

  test('that dials is refused in words, and the log here has them', async () => {
    await using peer = await dialCarrier(world.other, { host: world.a.site.v4, port: 9999 });
    await peer.send(Buffer.concat([opening(), data(saying(1, hello({ hello: 2, name: 'future' })))]));
    await peer.ending();
    const heard = (await peer.read(peer.held)).toString('latin1');
    expect(heard).toContain('"code":"WH_ERR_UNSUPPORTED"');
    expect(heard).toMatch(/speaks version 2 of the protocol between daemons, this one version 1; update the older one/);
    await world.a.daemon.logged('speaks version 2 of the protocol between daemons');
  });

  test('that dials with another version of the pipe is told its number, and the log here has it', async () => {
    await using peer = await dialCarrier(world.other, { host: world.a.site.v4, port: 9999 });
    await peer.send(opening(7));
    expect([...(await peer.readAll()).subarray(0, 5)]).toEqual([RecordType.refused, 0, 0, 1, Refusal.version]);
    await world.a.daemon.logged('the peer speaks version 7');
  });

  test('that is dialed and refuses is quoted to whoever asked', async () => {
    const words = 'the peer speaks version 1 of the protocol, this one version 2; update the older one';
    const said: string[] = [];
    const no = answering({ ok: false, code: 'WH_ERR_UNSUPPORTED', message: words });
    await using _server = await answeringWith(said, no);
    const { code, stderr } = await world.a.daemon.wormhole('join', 'other');
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
    expect(said).toHaveLength(1);
  });

  test('that is dialed and says yes all the same is refused here, in words', async () => {
    await using _server = await answeringWith([], answering({ ...yes, ...hello({ hello: 2 }) }));
    const { code, stderr } = await world.a.daemon.wormhole('join', 'other');
    expect(code).not.toBe(0);
    expect(stderr).toContain('speaks version 2 of the protocol between daemons, this one version 1');
  });

  test('of the pipe, that is dialed and refuses, is told as such', async () => {
    await using _server = await answeringWith([], record(RecordType.refused, Buffer.of(Refusal.version)));
    const { code, stderr } = await world.a.daemon.wormhole('join', 'other');
    expect(code).not.toBe(0);
    expect(stderr).toContain('does not speak version 1 of the resumable pipe; update the older one');
  });

  test('that speaks another protocol inside of TLS is told as such', async () => {
    await using _server = await answerCarrier(world.other, () => undefined, 'wormhole/2');
    const { code, stderr } = await world.a.daemon.wormhole('join', 'other');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/does not speak to daemons as wormholed does/);
  });
});
