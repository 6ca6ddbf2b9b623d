import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { missingBbr, useCongestion } from '../../test/support/congestion.ts';
import { Netns } from '../../test/support/netns.ts';
import { socketFd } from '../lib/socket-fd.ts';
import { congestionOf, forgetSystem, paceIfFar, startUnpaced } from './congestion.ts';
import { AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_CONGESTION } from './constants.ts';
import { check } from './errno.ts';
import { setsockopt } from './libc.ts';
import { NativeMemory } from './memory.ts';
import { socketIn, socketPair, tcpSocketIn } from './sockets.ts';

const missing = Netns.missing() ?? missingBbr();
if (missing !== undefined) console.log(`skipped: ${missing}`);

afterEach(() => {
  vi.restoreAllMocks();
  forgetSystem();
});

/** A namespace whose sockets begin with `algorithm`, which this process is in until both are disposed. */
function inside(algorithm: string): Disposable {
  const netns = Netns.create();
  useCongestion(netns, algorithm);
  const stay = netns.enter();
  forgetSystem();
  return {
    [Symbol.dispose]() {
      stay[Symbol.dispose]();
      netns[Symbol.dispose]();
    },
  };
}

describe.skipIf(missing !== undefined)('where sockets are paced', () => {
  test('one begins without, and what a listener accepts does, too', async () => {
    using _there = inside('bbr');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    startUnpaced(socketFd(server));
    const client = new Socket({ fd: tcpSocketIn(undefined, '127.0.0.1').release() });
    expect(congestionOf(socketFd(client))).toBe('bbr');
    startUnpaced(socketFd(client));
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    client.connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [there] = await accepted;
    await once(client, 'connect');
    for (const near of [client, there]) {
      expect(congestionOf(socketFd(near))).toBe('reno');
      paceIfFar(socketFd(near));
      expect(congestionOf(socketFd(near))).toBe('reno');
      // As if the machine were large.
      paceIfFar(socketFd(near), 0);
      expect(congestionOf(socketFd(near))).toBe('bbr');
      near.destroy();
    }
    server.close();
  });

  test('to ask again takes no more memory, which would never be freed', () => {
    using _there = inside('bbr');
    using socket = socketIn(undefined, AF_INET, SOCK_STREAM);
    const made = vi.spyOn(Buffer, 'from');
    for (let i = 0; i < 3; i += 1) {
      forgetSystem();
      startUnpaced(socket.fd);
    }
    // As NativeMemory does with each block.
    expect(made).not.toHaveBeenCalled();
    expect(congestionOf(socket.fd)).toBe('reno');
  });

  test('one whose way nobody knows yet is given back to the system', () => {
    using _there = inside('bbr');
    using socket = socketIn(undefined, AF_INET, SOCK_STREAM);
    startUnpaced(socket.fd);
    expect(congestionOf(socket.fd)).toBe('reno');
    paceIfFar(socket.fd);
    expect(congestionOf(socket.fd)).toBe('bbr');
  });

  test('what the system has is asked again after a while', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    using netns = Netns.create();
    useCongestion(netns, 'reno');
    using _inside = netns.enter();
    const begun = (): string => {
      using socket = socketIn(undefined, AF_INET, SOCK_STREAM);
      const before = congestionOf(socket.fd);
      startUnpaced(socket.fd);
      return `${before} ${congestionOf(socket.fd)}`;
    };
    forgetSystem();
    expect(begun()).toBe('reno reno');
    useCongestion(netns, 'bbr');
    expect(begun()).toBe('bbr bbr');
    now.mockReturnValue(11_001);
    expect(begun()).toBe('bbr reno');
  });

  test('a descriptor that is no TCP socket, or none at all, is left alone', () => {
    using _there = inside('bbr');
    const [one, other] = socketPair();
    for (const fd of [one.fd, -1]) {
      startUnpaced(fd);
      paceIfFar(fd);
      expect(congestionOf(fd)).toBe('');
    }
    one[Symbol.dispose]();
    other[Symbol.dispose]();
  });
});

describe.skipIf(missing !== undefined)('where sockets are not paced', () => {
  test('nothing is changed', () => {
    using _there = inside('reno');
    using socket = socketIn(undefined, AF_INET, SOCK_STREAM);
    const name = new NativeMemory(16);
    name.buffer.write('bbr');
    check('setsockopt', setsockopt(socket.fd, IPPROTO_TCP, TCP_CONGESTION, name.address, 16));
    startUnpaced(socket.fd);
    paceIfFar(socket.fd, 0);
    expect(congestionOf(socket.fd)).toBe('bbr');
  });
});
