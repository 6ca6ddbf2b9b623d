/**
 * The main job, with a real server and its real client.
 *
 *     host ──► wormholed ──┬──► $mysql: mariadbd on its own 127.0.0.1:3306 and a socket file; no network
 *     $app ──► wormholed ──┘    $app:   the client; no network
 *     shop (user network): front, db; only front knows the name db
 */

import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { MariaDb, SIGN } from '../support/mariadb.ts';
import { Netns } from '../support/netns.ts';
import { ownEngine, sharedDaemon } from '../support/world.ts';

const missing = MariaDb.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('MariaDB in a container', () => {
  const host = ownEngine();
  const daemon = sharedDaemon(() => ({ env: { DOCKER_HOST: host().address } }));
  let db: MariaDb;
  beforeAll(async () => {
    db = await MariaDb.importInto(host());
  });

  test('create url :3306 docker-ns $mysql, by id: from the host to the container', async () => {
    const mysql = await db.run('mysql');
    await db.sign('mysql', 'the one');
    await expect(db.query({ port: 3306 }, SIGN)).rejects.toThrow(/Can't connect/);
    const { code, stdout } = await daemon().wormhole('create', 'url', ':3306', 'docker-ns', mysql);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^[a-z]+-[a-z]+ tcp:\/\/127.0.0.1:3306\n$/),
    });
    expect(await db.query({ port: 3306 }, SIGN)).toBe('the one');

    // Large answers, large questions, many clients at once.
    expect((await db.query({ port: 3306 }, "select repeat('wormhole', 1000000)")).length).toBe(8_000_000);
    const long = 'x'.repeat(100_000);
    expect(await db.query({ port: 3306 }, `select length('${long}')`)).toBe('100000');
    const sums = Array.from({ length: 16 }, (_, n) => db.query({ port: 3306 }, `select sleep(0.1) + ${n}`));
    expect((await Promise.all(sums)).map(Number)).toEqual(Array.from({ length: 16 }, (_, n) => n));
  });

  test('an id prefix will do, and the same sentence with tail', async () => {
    const mysql = await db.run('mysql');
    await db.sign('mysql', 'prefixed');
    const { port } = await daemon().create(`url :3307 tail url :3306 docker-ns ${mysql.slice(0, 8)}`);
    expect(await db.query({ port }, SIGN)).toBe('prefixed');
    const other = await daemon().create(`docker-ns tail url :3306 docker-ns ${mysql.slice(0, 12)}`);
    expect(await db.query({ port: other.port }, SIGN)).toBe('prefixed');
  });

  test("create url :3306 docker-ns $app tail docker-ns $mysql: one container's localhost to another's", async () => {
    const [app, mysql] = [await db.runClient('app'), await db.run('mysql')];
    await db.sign('mysql', 'across');
    await expect(db.inside('app', { port: 3306 }, SIGN)).rejects.toThrow(/Can't connect/);
    const made = await daemon().create(`url :3306 docker-ns ${app} tail docker-ns ${mysql}`);
    expect(made.url).toBe(`tcp://container:${app}@127.0.0.1:3306`);
    expect(await db.inside('app', { port: 3306 }, SIGN)).toBe('across');
    // And nowhere else.
    await expect(db.query({ port: 3306 }, SIGN)).rejects.toThrow(/Can't connect/);
    await daemon().wormhole('delete', made.id);
    await expect(db.inside('app', { port: 3306 }, SIGN)).rejects.toThrow(/Can't connect/);
  });

  test('tail url db:3306 docker-ns $front: a service by the name that its neighbours know', async () => {
    await host().docker(['network', 'create', 'shop']);
    try {
      await db.run('shop-db-1', ['--network=shop', '--network-alias=db', '--env=BIND=0.0.0.0']);
      await db.sign('shop-db-1', 'by name');
      const front = await db.runClient('front', ['--network=shop']);
      const { port } = await daemon().create(`url :3308 tail url db:3306 docker-ns ${front}`);
      expect(await db.query({ port }, SIGN)).toBe('by name');
      const address = ['inspect', '--format', '{{.NetworkSettings.Networks.shop.IPAddress}}', 'shop-db-1'];
      const before = await host().docker(address);
      // It moves to another address; the name is what counts.
      await host().docker(['network', 'disconnect', 'shop', 'shop-db-1']);
      await db.runClient('squatter', ['--network=shop']);
      await host().docker(['network', 'connect', '--alias=db', 'shop', 'shop-db-1']);
      expect(await host().docker(address)).not.toBe(before);
      expect(await db.query({ port }, SIGN)).toBe('by name');
      await host().clear();
    } finally {
      await host().docker(['network', 'rm', 'shop']);
    }
  });

  test("a socket file inside the container's file system, from TCP and from a socket file", async () => {
    await db.run('db');
    await db.sign('db', 'by socket');
    const inside = 'tail url unix:///run/mysqld/mysqld.sock docker-ns db';
    const tcp = await daemon().create(`url :3309 ${inside}`);
    expect(await db.query({ port: tcp.port }, SIGN)).toBe('by socket');
    const socket = join(daemon().of.folder, 'mysqld.sock');
    const unix = await daemon().create(`url unix://${socket} ${inside}`);
    expect(unix.url).toBe(`unix://${socket}`);
    expect(await db.query({ socket }, SIGN)).toBe('by socket');
    // The server itself thinks that its client is local.
    expect(await db.query({ socket }, 'select substring_index(user(), "@", -1)')).toBe('localhost');
  });

  test('a container on the network of the host is recognised', async () => {
    await db.run('near', ['--network=host']);
    await db.sign('near', 'next door');
    const { port } = await daemon().create('tail url :3306 docker-ns near');
    expect(await db.query({ port }, SIGN)).toBe('next door');
    const self = await daemon().wormhole('create', 'url', ':3310', 'docker-ns', 'near');
    expect(self).toMatchObject({ code: 65, stderr: expect.stringContaining('WH_ERR_SELF_PROXY') as string });
    expect(Netns.ofProcess(await host().pid('near')).inode).toBe(Netns.ofProcess(daemon().pid).inode);
  });
});
