/** Control sockets on a real file system. */
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import type { Origin } from '../api/operations.ts';
import { listenUnix } from './unix.ts';

const base = mkdtempSync(join(tmpdir(), 'wormhole-unix-'));
afterAll(() => rmSync(base, { recursive: true }));
const log = pino({ level: 'silent' });
let paths = 0;
const fresh = (): string => join(base, `${++paths}.sock`);

const open = (path: string, admit: (socket: Socket, origin: Origin) => void = (socket) => void socket.destroy()) =>
  listenUnix({ path, admit, log });

describe('a control socket', () => {
  test('A4 is a file for root and one group, made where it is missing', async () => {
    const path = join(base, 'new', 'dir', 'w.sock');
    await using _listener = await open(path);
    const file = lstatSync(path);
    expect(file.isSocket()).toBe(true);
    expect(file.mode & 0o777).toBe(0o660);
    expect(lstatSync(join(base, 'new')).mode & 0o777).toBe(0o755);
  });

  test('tells who connected', async () => {
    const path = fresh();
    const origins: Origin[] = [];
    await using _listener = await open(path, (socket, origin) => {
      origins.push(origin);
      socket.destroy();
    });
    await new Promise((resolve) => connect({ path }).once('close', resolve).resume());
    expect(origins).toEqual([{ kind: 'local', pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() }]);
  });

  test('is gone when it is closed, and its path can be taken again', async () => {
    const path = fresh();
    {
      await using _listener = await open(path);
    }
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
    await using _again = await open(path);
  });

  test('takes the place of a dead one, not of a living one', async () => {
    const path = fresh();
    const other = createServer().listen({ path: `${path}.x` });
    await new Promise((resolve) => other.once('listening', resolve));
    symlinkSync(`${path}.x`, path);
    await expect(open(path)).rejects.toMatchObject({ code: 'WH_ERR_LISTEN' });
    rmSync(path);
    {
      await using _living = await open(path);
      await expect(open(path)).rejects.toThrow(/another wormholed/);
      expect(lstatSync(path).isSocket()).toBe(true);
    }
    other.close();
  });

  test('A33 never replaces what is not a socket', async () => {
    const path = fresh();
    writeFileSync(path, 'precious');
    await expect(open(path)).rejects.toMatchObject({ code: 'WH_ERR_LISTEN' });
    expect(lstatSync(path).isFile()).toBe(true);
  });
});
