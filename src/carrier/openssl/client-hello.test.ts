import { createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { tlsProfile } from '../../lib/tls-profile.ts';
import { offeredProtocols } from './client-hello.ts';

/** The first bytes of a client of node's that offers `protocols`. */
async function helloOf(protocols: string[]): Promise<Buffer> {
  let client: Socket | undefined;
  const bytes = await new Promise<Buffer>((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (hello) => {
        resolve(hello);
        socket.destroy();
        server.close();
      });
    }).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      client = connect({ ...tlsProfile, port, host: '127.0.0.1', ALPNProtocols: protocols });
      client.on('error', () => {});
    });
  });
  client?.destroy();
  return bytes;
}

test.each([[['wormhole/1']], [['http/1.1', 'wormhole/1']], [[]]])(
  'finds what a client offers: %j',
  async (protocols) => {
    expect(offeredProtocols(await helloOf(protocols))).toEqual(protocols);
  },
);

test('finds nothing in less than a whole hello, and in what is none, and never throws', async () => {
  const hello = await helloOf(['wormhole/1']);
  for (let length = 0; length < hello.length; length += 1)
    expect(offeredProtocols(hello.subarray(0, length))).toEqual([]);
  for (let at = 0; at < hello.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const changed = Buffer.from(hello);
      changed[at] = value;
      expect(Array.isArray(offeredProtocols(changed))).toBe(true);
    }
  }
  expect(offeredProtocols(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toEqual([]);
});
