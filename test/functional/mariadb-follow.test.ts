/**
 * A wormhole and the life of its database: the name is followed, the id is not given to another, and all of it is there
 * again after the daemon was away.
 *
 *     host ──► wormholed ──► "db": one container after another, each with rows of its own
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Belongings, Daemon } from '../support/daemon.ts';
import { reach } from '../support/local.ts';
import { MariaDb, SIGN } from '../support/mariadb.ts';
import { until } from '../support/relay-wait.ts';
import { ownEngine, sharedDaemon } from '../support/world.ts';

const missing = MariaDb.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a database that comes and goes', () => {
  const host = ownEngine();
  const daemon = sharedDaemon(() => ({ env: { DOCKER_HOST: host().address } }));
  let db: MariaDb;
  beforeAll(async () => {
    db = await MariaDb.importInto(host());
  });

  /** What is signed there, once it answers at all. */
  const signAt = (port: number): Promise<string> =>
    until('the database answers', () => db.query({ port }, SIGN).catch(() => undefined));

  test('docker-ns db: through docker restart, rm and run, with the same wormhole', async () => {
    await db.run('db');
    await db.sign('db', 'first');
    const { id, port, url } = await daemon().create('url :3306 docker-ns db');
    expect(await db.query({ port }, SIGN)).toBe('first');
    const { stats } = await daemon().sees(id, 'counted', ({ stats }) => stats.bytesOut > 0);

    await host().docker(['restart', '--time', '5', 'db']);
    expect(await signAt(port)).toBe('first');

    await host().docker(['rm', '--force', 'db']);
    // Between its death and its removal the reason is another one.
    const away = await daemon().sees(
      id,
      'waiting',
      ({ state, reason }) => state === 'waiting' && reason.includes('no container'),
    );
    const { stdout } = await daemon().wormhole('ls');
    expect(stdout).toMatch(new RegExp(`^${id} +waiting .*db@127.0.0.1:3306`, 'm'));
    expect(stdout).toContain(away.reason);

    await db.run('db');
    await db.sign('db', 'second');
    expect(await signAt(port)).toBe('second');
    const now = await daemon().sees(id, 'up', ({ state }) => state === 'up');
    expect(now).toMatchObject({ id, url, reason: '' });
    const after = await daemon().sees(id, 'counted on', (one) => one.stats.bytesOut > stats.bytesOut);
    expect(after.stats.connectionsTotal).toBeGreaterThan(stats.connectionsTotal);
  });

  test("url :3306 docker-ns app tail docker-ns db: app's listener is there again in a new app", async () => {
    await db.run('db');
    await db.sign('db', 'still here');
    await db.runClient('app');
    const { id } = await daemon().create('url :3306 docker-ns app tail docker-ns db');
    expect(await db.inside('app', { port: 3306 }, SIGN)).toBe('still here');
    await host().docker(['rm', '--force', 'app']);
    await daemon().sees(id, 'waiting', ({ state, reason }) => state === 'waiting' && reason.includes('app'));
    await db.runClient('app');
    await daemon().sees(id, 'up', ({ state }) => state === 'up');
    expect(await db.inside('app', { port: 3306 }, SIGN)).toBe('still here');
    await host().docker(['restart', '--time', '0', 'app']);
    await until('app has its listener again', () =>
      db.inside('app', { port: 3306 }, SIGN).then(
        (answer) => answer === 'still here',
        () => false,
      ),
    );
  });

  test('by id: gone after removal, whoever bears the name now', async () => {
    const mysql = await db.run('db');
    await db.sign('db', 'mine');
    const { id, port } = await daemon().create(`url :3306 docker-ns ${mysql}`);
    await host().docker(['restart', '--time', '5', 'db']);
    expect(await signAt(port)).toBe('mine');
    await host().docker(['rm', '--force', 'db']);
    await db.run('db');
    await db.sign('db', "somebody else''s");
    const gone = await daemon().sees(id, 'gone', ({ state }) => state === 'gone');
    expect(gone.reason).toContain(mysql.slice(0, 12));
    expect((await daemon().wormhole('ls')).stdout).toMatch(new RegExp(`^${id} +gone`, 'm'));
    expect((await db.client({ port }, SIGN)).code).not.toBe(0);
  });

  test('after a restart of the daemon; also for a container that is only started later', async () => {
    using of = new Belongings();
    const options = { of, flags: ['-H', ':7000'], env: { DOCKER_HOST: host().address } };
    const mysql = await db.run('one');
    await db.sign('one', 'one');
    await db.run('two');
    await db.sign('two', 'two');
    {
      await using before = await Daemon.start(options);
      await before.create(`id one url :3301 tail url :3306 docker-ns ${mysql}`);
      await before.create('id two url :3302 tail url :3306 docker-ns two');
      await before.create('id socket url :3303 tail url unix:///run/mysqld/mysqld.sock docker-ns two');
    }
    expect(await reach(3301)).toBe('ECONNREFUSED');
    await host().docker(['stop', '--time', '5', 'two']);

    await using after = await Daemon.start(options);
    expect(await db.query({ port: 3301 }, SIGN)).toBe('one');
    await after.sees('two', 'waiting', ({ state, reason }) => state === 'waiting' && reason.includes('not running'));
    await host().docker(['start', 'two']);
    await after.sees('two', 'up', ({ state }) => state === 'up');
    expect(await signAt(3302)).toBe('two');
    expect(await signAt(3303)).toBe('two');
  });
});
