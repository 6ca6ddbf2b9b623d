/**
 * Wormholes of a real daemon that follow real containers.
 *
 *                   test ─► wormholed :9000 ─► container db, 127.0.0.1:7000      (a target that moves)
 *                                container app, 127.0.0.1:9000 ─► wormholed ─► db (a head that moves)
 *
 * The daemon runs in the namespace of the private engine.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { Belongings, Daemon } from '../support/daemon.ts';
import { DockerHost } from '../support/docker-host.ts';
import { ask } from '../support/local.ts';
import { until } from '../support/relay-wait.ts';
import { ownEngine } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** Serves its container's name on its own loopback. */
const serve = 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 127.0.0.1:7000 -h /www';

describe.skipIf(missing !== undefined)('a wormhole follows its containers', () => {
  const host = ownEngine();
  let of: Belongings;
  let daemon: Daemon;

  const start = (): Promise<Daemon> => Daemon.start({ of, env: { DOCKER_HOST: host().address } });
  beforeAll(async () => {
    of = new Belongings();
    daemon = await start();
  });
  afterEach(async () => {
    for (const id of await ids()) await daemon.ask(`/v1/wormholes/${id}?now=true`, { method: 'DELETE' });
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    of[Symbol.dispose]();
  });

  const run = (name: string, hostname: string): Promise<string> =>
    host().run({ name, flags: [`--hostname=${hostname}`], command: ['sh', '-c', serve] });

  const ids = async (): Promise<string[]> =>
    (await daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes.map(({ id }) => id);

  const state = (id: string, expected: Wormhole['state']): Promise<Wormhole> =>
    daemon.sees(id, expected, (one) => one.state === expected);

  /** What is answered at 127.0.0.1:PORT of the daemon's namespace. */
  const answer = async (port: number): Promise<string> =>
    (await ask(port, 'GET / HTTP/1.0\r\n\r\n')).split('\r\n\r\n')[1]?.trim() ?? '';

  const answers = (port: number, expected: string): Promise<true> =>
    until(`${expected} answers`, async () => (await answer(port).catch(() => '')) === expected);

  test('to a target by name: through restart and recreate, with the same id and counters', async () => {
    await run('db', 'first');
    await daemon.create('id by-name url :9000 tail url :7000 docker-ns db');
    await answers(9000, 'first');
    await host().docker(['restart', '--time=0', 'db']);
    await answers(9000, 'first');
    await host().docker(['rm', '--force', 'db']);
    await state('by-name', 'waiting');
    expect((await daemon.look('by-name')).reason).toContain('db');
    await run('db', 'second');
    await state('by-name', 'up');
    await answers(9000, 'second');
    expect((await daemon.look('by-name')).stats.connectionsTotal).toBeGreaterThanOrEqual(3);
  });

  test('to a target by id: through restart, and gone after removal', async () => {
    const id = await run('db', 'only');
    await daemon.create(`id by-id url :9000 tail url :7000 docker-ns ${id.slice(0, 12)}`);
    await answers(9000, 'only');
    await host().docker(['restart', '--time=0', 'db']);
    await answers(9000, 'only');
    await host().docker(['rm', '--force', 'db']);
    await state('by-id', 'gone');
    await run('db', 'impostor');
    expect((await daemon.look('by-id')).state).toBe('gone');
  });

  test('a connection that comes while the target restarts waits for it', async () => {
    await run('db', 'slow');
    await daemon.create('id parked url :9000 tail url :7000 docker-ns db connect-timeout 30s');
    await answers(9000, 'slow');
    await host().docker(['stop', '--time=0', 'db']);
    await state('parked', 'waiting');
    const parked = answer(9000);
    await host().docker(['start', 'db']);
    expect(await parked).toBe('slow');
  });

  test('with its head inside a container: the listener comes back in the new namespace', async () => {
    await run('db', 'far');
    await host().run({ name: 'app', command: ['sleep', '100000'] });
    await daemon.create('id inside url :9000 docker-ns app tail url :7000 docker-ns db');
    const ask = (): Promise<string> =>
      host()
        .sh('app', 'wget -q -O - http://127.0.0.1:9000/')
        .catch(() => '');
    await until('app reaches db', async () => (await ask()) === 'far');
    await host().docker(['rm', '--force', 'app']);
    await state('inside', 'waiting');
    await host().run({ name: 'app', command: ['sleep', '100000'] });
    await until('app reaches db again', async () => (await ask()) === 'far');
    expect(await daemon.look('inside')).toMatchObject({ state: 'up', id: 'inside' });
  });

  test('A31 a port that the container took first is a failure that heals', async () => {
    await run('db', 'far');
    await host().run({ name: 'app', command: ['sleep', '100000'] });
    await daemon.create('id taken url :9000 docker-ns app tail url :7000 docker-ns db');
    await host().docker(['rm', '--force', 'app']);
    await state('taken', 'waiting');
    const greedy = 'httpd -f -p 127.0.0.1:9000 -h / & echo $! > /tmp/pid; sleep 100000';
    await host().run({ name: 'app', command: ['sh', '-c', greedy] });
    // Whoever was first; the other one cannot listen.
    await until('it is decided', async () => ['failed', 'up'].includes((await daemon.look('taken')).state));
    await host().sh('app', 'kill $(cat /tmp/pid) || true');
    await state('taken', 'up');
  });

  test('a daemon that starts before the containers waits for them', async () => {
    await run('db', 'first');
    await daemon.create('id early url :9000 tail url :7000 docker-ns db');
    await answers(9000, 'first');
    expect(await daemon.stop()).toBe(0);
    await host().docker(['rm', '--force', 'db']);
    daemon = await start();
    expect((await daemon.look('early')).state).toBe('waiting');
    await run('db', 'second');
    await state('early', 'up');
    await answers(9000, 'second');
  });

  test('a head and a target that turn out to be one place and port are refused', async () => {
    await host().run({ name: 'on-host', network: 'host', command: ['sleep', '100000'] });
    const words = ['url', ':9000', 'tail', 'url', ':9000', 'docker-ns', 'on-host'];
    expect((await daemon.post({ words })).body).toMatchObject({ code: 'WH_ERR_SELF_PROXY' });
    expect(await ids()).toEqual([]);
  });

  test('a container that does not exist or is stopped is an error at create', async () => {
    await run('db', 'x');
    await host().docker(['stop', '--time=0', 'db']);
    for (const [name, code] of [
      ['db', 'WH_ERR_CONTAINER_STOPPED'],
      ['nobody', 'WH_ERR_CONTAINER_NOT_FOUND'],
    ] as const) {
      const words = ['url', ':9000', 'tail', 'url', ':7000', 'docker-ns', name];
      expect((await daemon.post({ words })).body).toMatchObject({ code });
    }
  });
});
