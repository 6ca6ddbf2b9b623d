import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { missingBbr, useCongestion } from '../../test/support/congestion.ts';
import { LinksEnd } from '../../test/support/links-end.ts';
import { Netns } from '../../test/support/netns.ts';
import { socketFd } from '../lib/socket-fd.ts';
import { congestionOf, forgetSystem, startUnpaced } from '../sys/congestion.ts';
import { Keys } from './keys.ts';
import { dialPeer } from './link/dial.ts';
import { nearTls } from './near-tls.ts';

const never = new AbortController().signal;
const missing = Netns.missing() ?? missingBbr();
if (missing !== undefined) console.log(`skipped: ${missing}`);

afterEach(forgetSystem);

test.skipIf(missing !== undefined)(
  'what is dialed and accepted near is not paced, and left to node’s TLS',
  async () => {
    using netns = Netns.create();
    useCongestion(netns, 'bbr');
    using _inside = netns.enter();
    forgetSystem();
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    startUnpaced(socketFd(server));
    const client = nearTls.openSocket('127.0.0.1');
    const came = once(server, 'connection') as Promise<[Socket]>;
    client.connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = await came;
    let others = 0;
    nearTls.accept(accepted, {
      keys: new Keys([['wormhole', randomBytes(32)]]),
      onTaken: () => expect.unreachable(),
      onSecure: () => expect.unreachable(),
      onFailed: () => expect.unreachable(),
      onOther: () => void (others += 1),
    });
    expect(others).toBe(1);
    expect([client, accepted].map((socket) => congestionOf(socketFd(socket)))).toEqual(['reno', 'reno']);
    for (const socket of [client, accepted]) socket.destroy();
    server.close();
  },
);

test('a peer is dialed, and proves the key by node’s TLS', async () => {
  await using there = await new LinksEnd('b').listen();
  const { stream, address } = await dialPeer(there.target([{ host: '127.0.0.1', port: there.port }]), never, nearTls);
  expect(address).toBe(`127.0.0.1:${there.port}`);
  stream.destroy();
});
