import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { Netns } from '../../../test/support/netns.ts';
import { WormholeError } from '../../lib/errors.ts';
import {
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../../sys/constants.ts';
import { NetNamespace } from '../../sys/netns.ts';
import { getOption, localEndpoint } from '../../sys/sockets.ts';
import { type IpListenAddress, listenError, openIpListener } from './listener.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const loopback = { protocol: 'tcp', host: '127.0.0.1', port: 0 } as const;
/** net(8) of RFC 5737: no machine has it. */
const nobodys = '192.0.2.1';

function refusal(address: IpListenAddress): WormholeError {
  try {
    openIpListener(address).socket[Symbol.dispose]();
  } catch (error) {
    if (WormholeError.is(error)) return error;
    throw error;
  }
  throw new Error('it listens');
}

describe('an IP head', () => {
  test.each(['tcp', 'udp'] as const)('over %s says which ephemeral port it was given', (protocol) => {
    for (const host of ['127.0.0.1', '::1']) {
      const { socket, port } = openIpListener({ protocol, host, port: 0 });
      expect(port).toBeGreaterThan(0);
      expect(localEndpoint(socket.fd)).toEqual({ host, port });
      socket[Symbol.dispose]();
    }
  });

  test('accepts, over TCP, as soon as it is open', async () => {
    const { socket, port } = openIpListener(loopback);
    const client = connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => client.once('connect', resolve).once('error', reject));
    client.destroy();
    socket[Symbol.dispose]();
  });

  test('gives what it accepts its options', () => {
    const { socket } = openIpListener(loopback);
    expect(getOption(socket.fd, IPPROTO_TCP, TCP_NODELAY)).not.toBe(0);
    expect(getOption(socket.fd, SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    socket[Symbol.dispose]();
  });

  test('over UDP learns which address a datagram was sent to', () => {
    const v4 = openIpListener({ protocol: 'udp', host: '0.0.0.0', port: 0 }).socket;
    const v6 = openIpListener({ protocol: 'udp', host: '::', port: 0 }).socket;
    expect(getOption(v4.fd, IPPROTO_IP, IP_PKTINFO)).toBe(1);
    expect(getOption(v6.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO)).toBe(1);
    for (const socket of [v4, v6]) socket[Symbol.dispose]();
  });

  test.each(['tcp', 'udp'] as const)('on :: over %s leaves the IPv4 port to others', (protocol) => {
    const v6 = openIpListener({ protocol, host: '::', port: 0 });
    expect(getOption(v6.socket.fd, IPPROTO_IPV6, IPV6_V6ONLY)).toBe(1);
    const v4 = openIpListener({ protocol, host: '0.0.0.0', port: v6.port });
    expect(v4.port).toBe(v6.port);
    for (const { socket } of [v4, v6]) socket[Symbol.dispose]();
  });

  test('can have its port again at once', () => {
    const { socket, port } = openIpListener(loopback);
    socket[Symbol.dispose]();
    const again = openIpListener({ ...loopback, port });
    expect(again.port).toBe(port);
    again.socket[Symbol.dispose]();
  });
});

describe('a head that cannot be', () => {
  test.each(['tcp', 'udp'] as const)('because its %s port is taken says so (A31)', (protocol) => {
    const { socket, port } = openIpListener({ ...loopback, protocol });
    const error = refusal({ ...loopback, protocol, port });
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno: 'EADDRINUSE' } });
    expect(error.message).toBe(
      `cannot listen on ${protocol}://127.0.0.1:${port}: EADDRINUSE, another program listens there`,
    );
    socket[Symbol.dispose]();
  });

  test('because nobody has the address says so', () => {
    const error = refusal({ ...loopback, host: nobodys });
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno: 'EADDRNOTAVAIL' } });
    expect(error.message).toContain('no interface of the namespace has this address');
    expect(refusal({ ...loopback, host: '2001:db8::1' }).detail).toEqual({ errno: 'EADDRNOTAVAIL' });
  });

  test.each([
    ['localhost', 'not an IP address: localhost'],
    ['fe80::1%nosuchif', 'no interface nosuchif'],
  ])('because of %s says so', (host, why) => {
    const error = refusal({ ...loopback, host });
    expect(error.code).toBe('WH_ERR_LISTEN');
    expect(error.message).toContain(why);
  });

  test('because its namespace is none says so', () => {
    using file = NetNamespace.open('/dev/null');
    const error = refusal({ ...loopback, namespace: file });
    expect(error).toMatchObject({ code: 'WH_ERR_NAMESPACE', detail: { errno: 'EINVAL' } });
  });

  test('leaves nothing open', () => {
    using file = NetNamespace.open('/dev/null');
    const { socket, port } = openIpListener(loopback);
    const wrong = [{ port }, { host: nobodys }, { host: 'localhost' }, { namespace: file }];
    const before = openDescriptors();
    for (const part of wrong) refusal({ ...loopback, ...part });
    expect(openDescriptors()).toBe(before);
    socket[Symbol.dispose]();
  });
});

describe('listenError', () => {
  test('names a failed call of any kind, and keeps it as the cause', () => {
    const cause = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    const error = listenError('WH_ERR_LISTEN', 'cannot listen on unix:///x', cause);
    expect(error.message).toBe('cannot listen on unix:///x: EROFS');
    expect(error.detail).toEqual({ errno: 'EROFS' });
    expect(error.cause).toBe(cause);
  });
});

describe.skipIf(missing !== undefined)('a head in a namespace', () => {
  test('listens there and not here, on a port that may be taken here', () => {
    using room = Netns.create();
    const here = openIpListener(loopback);
    const { namespace } = room;
    const there = openIpListener({ ...loopback, port: here.port, namespace });
    expect(there.port).toBe(here.port);
    expect(refusal({ ...loopback, port: here.port, namespace }).detail).toEqual({ errno: 'EADDRINUSE' });
    const hex = `:${here.port.toString(16).toUpperCase().padStart(4, '0')} `;
    const table = (): string => readFileSync('/proc/thread-self/net/tcp', 'latin1');
    here.socket[Symbol.dispose]();
    expect(table()).not.toContain(`0100007F${hex}`);
    expect(namespace.enter(table)).toContain(`0100007F${hex}`);
    there.socket[Symbol.dispose]();
  });

  test('has the addresses of the room', () => {
    using room = Netns.create();
    room.ip('address', 'add', `${nobodys}/32`, 'dev', 'lo');
    const { socket, port } = openIpListener({ ...loopback, host: nobodys, namespace: room.namespace });
    expect(localEndpoint(socket.fd)).toEqual({ host: nobodys, port });
    socket[Symbol.dispose]();
    expect(refusal({ ...loopback, host: nobodys }).detail).toEqual({ errno: 'EADDRNOTAVAIL' });
  });

  test('has the interfaces of the room', () => {
    using room = Netns.create();
    room.ip('link', 'add', 'wh-ll', 'index', '4713', 'type', 'veth', 'peer', 'name', 'wh-ll-peer');
    for (const name of ['wh-ll', 'wh-ll-peer']) room.ip('link', 'set', name, 'up');
    room.ip('address', 'add', 'fe80::77/64', 'dev', 'wh-ll', 'nodad');
    const { socket, port } = openIpListener({ ...loopback, host: 'fe80::77%wh-ll', namespace: room.namespace });
    expect(localEndpoint(socket.fd)).toEqual({ host: 'fe80::77%4713', port });
    socket[Symbol.dispose]();
  });

  test('goes on in a namespace that has lost its name', () => {
    using room = Netns.create();
    room.unname();
    const { socket, port } = openIpListener({ ...loopback, namespace: room.namespace });
    expect(localEndpoint(socket.fd)).toEqual({ host: '127.0.0.1', port });
    socket[Symbol.dispose]();
  });
});
