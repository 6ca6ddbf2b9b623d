import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OwnedFd } from './fd.ts';
import { peerCredentials } from './peercred.ts';
import { socketPair } from './sockets.ts';

const CLIENT = `
import os, socket, sys
gid, uid = int(sys.argv[2]), int(sys.argv[3])
if uid != os.getuid():
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.recv(1)
`;

const root = process.getuid?.() === 0;
if (!root) console.log('skipped: connecting as another user takes root');

describe('peerCredentials', () => {
  test('of a pair are our own', () => {
    const [one, two] = socketPair();
    const own = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
    expect(peerCredentials(one.fd)).toEqual(own);
    expect(peerCredentials(two.fd)).toEqual(own);
    for (const end of [one, two]) end[Symbol.dispose]();
  });

  test.skipIf(!root)('are those of the process that connected, whoever it is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wh-cred-'));
    chmodSync(directory, 0o755);
    const path = join(directory, 'door');
    const server = createServer();
    const children: ChildProcess[] = [];
    try {
      server.listen(path);
      await once(server, 'listening');
      chmodSync(path, 0o777);
      for (const [gid, uid] of [
        [0, 0],
        [65_534, 65_533],
        [4_294_967_290, 4_294_967_291],
      ] as const) {
        const accepted = once(server, 'connection');
        const child = spawn('python3', ['-c', CLIENT, path, String(gid), String(uid)], { stdio: 'inherit' });
        children.push(child);
        const [socket] = (await accepted) as [Socket & { readonly _handle: { readonly fd: number } }];
        expect(peerCredentials(socket._handle.fd)).toEqual({ pid: child.pid, uid, gid });
        socket.destroy();
      }
    } finally {
      for (const child of children) child.kill('SIGKILL');
      server.close();
      rmSync(directory, { recursive: true });
    }
  });

  test('of what is no socket is an error', () => {
    using file = new OwnedFd(openSync('/dev/null', 'r'));
    expect(() => peerCredentials(file.fd)).toThrow('getsockopt: ENOTSOCK');
    expect(() => peerCredentials(-1)).toThrow('getsockopt: EBADF');
  });
});
