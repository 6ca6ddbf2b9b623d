import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inherited, nameOf } from '../../test/support/descriptors.ts';
import { AF_INET, AF_INET6, AF_UNIX, O_DIRECTORY, O_PATH, SOCK_DGRAM, SOCK_STREAM } from './constants.ts';
import { dupFd } from './dup.ts';
import { OwnedFd } from './fd.ts';
import { openInRoot } from './inroot.ts';
import * as libc from './libc.ts';
import { NetNamespace } from './netns.ts';
import { socketIn, socketPair, tcpSocketIn, udpSocketIn } from './sockets.ts';

test('a descriptor without close-on-exec is inherited, so that its absence says something', () => {
  using socket = new OwnedFd(libc.socket(AF_UNIX, SOCK_STREAM, 0));
  expect(inherited()).toContain(nameOf(socket.fd));
});

test('a child inherits no descriptor of this fence (A30)', () => {
  const root = openSync('/', O_PATH | O_DIRECTORY);
  const namespace = NetNamespace.current();
  const owned = [
    ...socketPair(),
    dupFd(root),
    socketIn(undefined, AF_UNIX, SOCK_STREAM),
    socketIn(undefined, AF_UNIX, SOCK_DGRAM),
    socketIn(namespace, AF_INET, SOCK_STREAM),
    socketIn(namespace, AF_INET6, SOCK_DGRAM),
    tcpSocketIn(undefined, '::1'),
    udpSocketIn(namespace, '127.0.0.1'),
    openInRoot(root, '/etc', O_PATH),
    openInRoot(root, '/etc/passwd', 0),
  ];
  const namespaces = [namespace, namespace.duplicate(), NetNamespace.ofPid(process.pid)];
  try {
    const child = inherited();
    for (const { fd } of [...owned, ...namespaces]) expect(child).not.toContain(nameOf(fd));
  } finally {
    for (const one of [...owned, ...namespaces]) one[Symbol.dispose]();
    closeSync(root);
  }
});
