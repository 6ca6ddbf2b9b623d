/** Peers that say at once all that they have to say, or are gone before anybody has answered. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LinksEnd } from '../../../test/support/links-end.ts';
import { data, frame as muxFrame } from '../../../test/support/mux-wire.ts';
import { NativeSockets } from '../datagram/native-sockets.ts';
import { DatagramSockets } from '../datagram/sockets.ts';
import { Flag, FrameType } from '../mux/frame.ts';
import { opensslTls } from '../openssl/tls.ts';
import { RecordType, record } from '../resume/record.ts';
import { frame } from './frame.ts';
import { helloMessage } from './hello.ts';

const id = (): string => randomBytes(8).toString('hex');
/** A stream with all that is said on it. */
const said = (stream: number, message: object): Buffer =>
  record(RecordType.data, data(stream, frame(message), Flag.syn | Flag.fin));
const hello = (): object =>
  helloMessage({
    role: 'client',
    instance: id(),
    host: id(),
    name: 'hasty',
    insists: false,
    version: '1.0.0',
    timeMs: 0,
    resumeMs: 30_000,
  });

describe.each([
  ['node’s TLS', undefined],
  ['OpenSSL’s', opensslTls()],
])('over %s', (_kind, accepting) => {
  const sockets = new DatagramSockets(new NativeSockets());
  let end: LinksEnd;
  beforeEach(() => {
    end = new LinksEnd('b', { accepting, sockets });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await end.close();
  });
  afterAll(() => sockets.close());

  test('its link waits for another connection, and nobody else’s ends', async () => {
    await end.listen();
    const peer = await end.connect(end.port);
    peer.end(Buffer.concat([record(RecordType.open, Buffer.of(1)), said(1, hello())]));
    await expect.poll(() => [...end.told].sort()).toEqual(['lost', 'up hasty']);
    expect(end.links.all.map((link) => link.session.over)).toEqual([false]);
  });

  test('has ten seconds for its HELLO, also when it begins to say it in the last of them', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await end.listen();
    const peer = await end.connect(end.port);
    const heard: Buffer[] = [];
    peer.on('data', (bytes: Buffer) => heard.push(bytes));
    const text = (): string => String(Buffer.concat(heard));
    const asked = (opaque: number): Buffer => record(RecordType.data, muxFrame(FrameType.ping, Flag.syn, 0, opaque));
    peer.write(Buffer.concat([record(RecordType.open, Buffer.of(1)), asked(0x61616161)]));
    await expect.poll(text).toContain('aaaa');
    vi.advanceTimersByTime(9_000);
    const begun = record(RecordType.data, data(1, frame(hello()).subarray(0, 9), Flag.syn));
    peer.write(Buffer.concat([begun, asked(0x62626262)]));
    await expect.poll(text).toContain('bbbb');
    vi.advanceTimersByTime(1_500);
    await expect.poll(text).toContain('the peer did not say who it is within 10000 ms');
    vi.useRealTimers();
    peer.destroy();
  });

  test('a refusal reaches also whoever has said all that it has to say', async () => {
    await end.listen();
    const peer = await end.connect(end.port);
    const heard: Buffer[] = [];
    peer.on('data', (bytes: Buffer) => heard.push(bytes));
    peer.write(Buffer.concat([record(RecordType.open, Buffer.of(1)), said(1, hello())]));
    await expect.poll(() => end.told).toContain('up hasty');
    peer.write(said(3, { open: 'nonsense' }));
    await expect.poll(() => String(Buffer.concat(heard))).toContain('no proper open');
    peer.destroy();
  });
});
