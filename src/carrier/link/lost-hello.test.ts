/** A peer that says who it is, and is gone before anybody has answered. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
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
  const end = new LinksEnd('b', { accepting, sockets });
  afterEach(async () => {
    await end.close();
    sockets.close();
  });

  test('its link waits for another connection, and nobody else’s ends', async () => {
    await end.listen();
    const peer = await end.connect(end.port);
    const opened = record(RecordType.open, Buffer.of(1));
    peer.end(Buffer.concat([opened, record(RecordType.data, data(1, frame(hello()), Flag.syn))]));
    await expect.poll(() => [...end.told].sort()).toEqual(['lost', 'up hasty']);
    expect(end.links.all.map((link) => link.session.over)).toEqual([false]);
  });
});
