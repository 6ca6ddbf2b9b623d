import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../test/support/descriptors.ts';
import { Netns } from '../../test/support/netns.ts';
import { AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from './constants.ts';
import { dupFd } from './dup.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import { NetNamespace } from './netns.ts';
import {
  bindIp,
  getOption,
  localEndpoint,
  prepareListener,
  setOption,
  socketIn,
  socketPair,
  tcpSocketIn,
  udpSocketIn,
} from './sockets.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const memory = new NativeMemory(64);
const F_GETFL = 3;
const O_NONBLOCK = 0o4000;

function say(fd: number, text: string): number {
  return libc.write(fd, memory.address, memory.buffer.write(text));
}

function hear(fd: number): string {
  const count = libc.read(fd, memory.address, memory.size);
  return count < 0 ? `errno ${-count}` : memory.buffer.toString('latin1', 0, count);
}

describe('socketPair', () => {
  test('joins two ends, each of which closes by itself', () => {
    const [one, two] = socketPair();
    expect(say(one.fd, 'there')).toBe(5);
    expect(hear(two.fd)).toBe('there');
    expect(say(two.fd, 'and back')).toBe(8);
    expect(hear(one.fd)).toBe('and back');
    one[Symbol.dispose]();
    expect(hear(two.fd)).toBe('');
    two[Symbol.dispose]();
  });

  test('never waits', () => {
    const [one, two] = socketPair();
    expect(hear(one.fd)).toBe('errno 11');
    for (const { fd } of [one, two]) expect(libc.fcntl(fd, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
    for (const end of [one, two]) end[Symbol.dispose]();
  });
});

describe('dupFd', () => {
  test('names the same open file, and outlives the first number', () => {
    const [one, two] = socketPair();
    using again = dupFd(one.fd);
    one[Symbol.dispose]();
    say(two.fd, 'still here');
    expect(hear(again.fd)).toBe('still here');
    two[Symbol.dispose]();
  });

  test('of a closed number is EBADF', () => {
    expect(() => dupFd(-1)).toThrow('dup: EBADF');
  });
});

describe('socket options', () => {
  test('what is set is read back', () => {
    using socket = socketIn(undefined, AF_INET6, SOCK_STREAM);
    for (const value of [1, 0, 1]) {
      setOption(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, value);
      expect(getOption(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY)).toBe(value);
    }
  });

  test('listeners rebind at once, and IPv6 ones never claim IPv4', () => {
    using v4 = socketIn(undefined, AF_INET, SOCK_STREAM);
    using v6 = socketIn(undefined, AF_INET6, SOCK_STREAM);
    prepareListener(v4.fd, false);
    prepareListener(v6.fd, true);
    for (const { fd } of [v4, v6]) expect(getOption(fd, SOL_SOCKET, SO_REUSEADDR)).toBe(1);
    expect(getOption(v6.fd, IPPROTO_IPV6, IPV6_V6ONLY)).toBe(1);
  });

  test('an option of another protocol is an error with its name', () => {
    using socket = socketIn(undefined, AF_INET, SOCK_STREAM);
    expect(() => setOption(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)).toThrow('setsockopt: ENOPROTOOPT');
    expect(() => getOption(-1, SOL_SOCKET, SO_REUSEADDR)).toThrow('getsockopt: EBADF');
  });
});

describe('localEndpoint', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
  ])('tells the port that was given to a socket on %s', (host, shown) => {
    using socket = tcpSocketIn(undefined, host);
    bindIp(socket.fd, { host, port: 0 });
    const endpoint = localEndpoint(socket.fd);
    expect(endpoint?.host).toBe(shown);
    expect(endpoint?.port).toBeGreaterThan(0);
  });

  test('is nothing for a unix socket', () => {
    const [one, two] = socketPair();
    expect(localEndpoint(one.fd)).toBeUndefined();
    for (const end of [one, two]) end[Symbol.dispose]();
  });

  test('of a socket that is closed is EBADF', () => {
    expect(() => localEndpoint(-1)).toThrow('getsockname: EBADF');
  });
});

describe('udpSocketIn', () => {
  test.each([
    ['127.0.0.1', '0.0.0.0'],
    ['::1', '::'],
  ])('is bound to an ephemeral port of the family of %s', (host, any) => {
    using socket = udpSocketIn(undefined, host);
    const endpoint = localEndpoint(socket.fd);
    expect(endpoint?.host).toBe(any);
    expect(endpoint?.port).toBeGreaterThan(0);
  });

  test('a failure on the way leaves nothing open', () => {
    using device = NetNamespace.adopt(openSync('/dev/null', 'r'));
    const fail = (): void => expect(() => udpSocketIn(device, '::1')).toThrow('setns: EINVAL');
    fail(); // the first bracket of a thread opens the way home, for good
    const before = openDescriptors();
    for (let i = 0; i < 20; i++) fail();
    expect(openDescriptors()).toBe(before);
  });
});

describe.skipIf(missing !== undefined)('a socket made in a namespace', () => {
  test('belongs there for life: Node listens and dials with it, inside', async () => {
    using room = Netns.create();
    const socket = tcpSocketIn(room.namespace, '127.0.0.1');
    bindIp(socket.fd, { host: '127.0.0.1', port: 0 });
    const port = localEndpoint(socket.fd)?.port as number;
    await using server = await served(createServer(), { fd: socket.release() });
    expect(await reach(room.namespace, port)).toBe('connected');
    expect(listeners(room.namespace)).toContain(port);
    expect(listeners()).not.toContain(port);
    expect(server.server.listening).toBe(true);
  });

  test('leaves the thread at home: the next listeners land there (XT7)', async () => {
    using room = Netns.create();
    using _v4 = udpSocketIn(room.namespace, '127.0.0.1');
    using _v6 = udpSocketIn(room.namespace, '::1');
    await using server = await served(createServer(), { host: '127.0.0.1', port: 0 });
    expect(listeners()).toContain(server.port);
    expect(listeners(room.namespace)).not.toContain(server.port);
    expect(await reach(undefined, server.port)).toBe('connected');
    expect(await reach(room.namespace, server.port)).toBe('ECONNREFUSED');
  });
});

async function served(server: Server, where: { fd: number } | { host: string; port: number }) {
  server.listen(where);
  await once(server, 'listening');
  const address = server.address();
  return {
    server,
    port: address !== null && typeof address === 'object' ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Connects to 127.0.0.1 by a socket of `namespace`. @returns 'connected' or an error code */
function reach(namespace: NetNamespace | undefined, port: number): Promise<string> {
  const socket = new Socket({ fd: tcpSocketIn(namespace, '127.0.0.1').release() });
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.connect({ host: '127.0.0.1', port }, () => {
      resolve('connected');
      socket.destroy();
    });
  });
}

/** Local TCP ports as the kernel lists them for a namespace. */
function listeners(namespace?: NetNamespace): number[] {
  const read = (): string => readFileSync('/proc/thread-self/net/tcp', 'latin1');
  const table = namespace === undefined ? read() : namespace.enter(read);
  return [...table.matchAll(/^\s*\d+: [0-9A-F]{8}:([0-9A-F]{4}) /gm)].map(([, port = '']) => Number.parseInt(port, 16));
}
