/** Peers that say at once all that they have to say, or are gone before anybody has answered. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinksEnd } from '../../../test/support/links-end.ts';
import { data } from '../../../test/support/mux-wire.ts';
import { NativeSockets } from '../datagram/native-sockets.ts';
import { DatagramSockets } from '../datagram/sockets.ts';
import { Flag } from '../mux/frame.ts';
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
  afterEach(() => end.close());
  afterAll(() => sockets.close());

  test('its link waits for another connection, and nobody else’s ends', async () => {
    await end.listen();
    const peer = await end.connect(end.port);
    peer.end(Buffer.concat([record(RecordType.open, Buffer.of(1)), said(1, hello())]));
    await expect.poll(() => [...end.told].sort()).toEqual(['lost', 'up hasty']);
    expect(end.links.all.map((link) => link.session.over)).toEqual([false]);
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
