/** What only the portable data plane has: addresses instead of descriptors, and things that it refuses. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { RouteOptions, UpstreamAddress, UpstreamTarget } from '../route.ts';
import type { ListenAddress } from './listen-address.ts';
import { startPortableDataPlane } from './plane.ts';

const options: RouteOptions = {
  id: 'test',
  kind: 'stream',
  balance: 'rr',
  connectTimeoutMs: 5000,
  connIdleMs: 0,
  halfOpenLingerMs: 0,
  flowIdleMs: 0,
  maxConns: 100,
};
const loopback = { host: '127.0.0.1', port: 0 };

function to(
  address: UpstreamAddress,
  more: Partial<UpstreamTarget> = {},
): { targets: UpstreamTarget[]; validForMs: number } {
  return { targets: [{ member: 0, label: 'target', address, ...more }], validForMs: Number.POSITIVE_INFINITY };
}

async function echo(): Promise<AsyncDisposable & { readonly address: UpstreamAddress }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { kind: 'ip', host: '127.0.0.1', port },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

async function ask(where: ListenAddress, question: string): Promise<string> {
  const client = connect({ ...where, allowHalfOpen: true });
  client.end(question);
  let answer = '';
  for await (const chunk of client.setEncoding('latin1')) answer += chunk;
  return answer;
}

test('a stream route listens on an address and tells the port it got', async () => {
  await using target = await echo();
  await using plane = await startPortableDataPlane();
  const route = await plane.open(options);
  await route.retarget(to(target.address));
  const head = await route.listenOn(loopback);
  expect(head).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
  expect(await ask(head, 'hello')).toBe('hello');
});

test('a stream route listens on a path', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wh-'));
  try {
    await using target = await echo();
    await using plane = await startPortableDataPlane();
    const route = await plane.open(options);
    await route.retarget(to(target.address));
    const path = join(directory, 's');
    expect(await route.listenOn({ path })).toEqual({ path });
    expect(await ask({ path }, 'hello')).toBe('hello');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an address in use is WH_ERR_LISTEN and names the address', async () => {
  await using target = await echo();
  await using plane = await startPortableDataPlane();
  const { address } = target;
  if (address.kind !== 'ip') throw new Error('not an IP address');
  const refusal = (await plane.open(options)).listenOn({ host: address.host, port: address.port });
  await expect(refusal).rejects.toMatchObject({
    code: 'WH_ERR_LISTEN',
    message: expect.stringContaining(`127.0.0.1:${address.port}`),
  });
});

test('a datagram route listens on an address, and not on a path', async () => {
  const target = createSocket('udp4', (data, from) => target.send(data, from.port, from.address));
  target.bind(0, '127.0.0.1');
  await once(target, 'listening');
  await using plane = await startPortableDataPlane();
  const route = await plane.open({ ...options, kind: 'datagram' });
  await route.retarget(to({ kind: 'ip', host: '127.0.0.1', port: target.address().port }));
  const head = await route.listenOn(loopback);
  if (!('port' in head)) throw new Error('not an IP head');
  const client = createSocket('udp4');
  client.send('hello', head.port, '127.0.0.1');
  const [answer] = await once(client, 'message');
  expect(String(answer)).toBe('hello');
  await expect(route.listenOn({ path: '/tmp/x' })).rejects.toMatchObject({ code: 'WH_ERR_UNSUPPORTED' });
  client.close();
  target.close();
});

test('targets in a namespace or in another root are refused by name', async () => {
  await using plane = await startPortableDataPlane();
  const route = await plane.open(options);
  const address: UpstreamAddress = { kind: 'ip', host: '127.0.0.1', port: 1 };
  const inNamespace = route.retarget(to(address, { namespace: {} as NetNamespace, label: 'db@127.0.0.1:1' }));
  await expect(inNamespace).rejects.toSatisfy(
    (error) =>
      WormholeError.is(error) && error.code === 'WH_ERR_UNSUPPORTED' && error.message.includes('db@127.0.0.1:1'),
  );
  const inRoot = route.retarget(to({ kind: 'unix', path: '/run/s', root: { fd: 0 } }));
  await expect(inRoot).rejects.toMatchObject({ code: 'WH_ERR_UNSUPPORTED' });
});

test('disposing of the plane ends its routes', async () => {
  const plane = await startPortableDataPlane();
  const head = await (await plane.open(options)).listenOn(loopback);
  await plane[Symbol.asyncDispose]();
  await expect(ask(head, 'x')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
