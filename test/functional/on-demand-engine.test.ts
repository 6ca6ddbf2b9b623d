/**
 * What becomes of started containers when the daemon or the engine goes away in the middle.
 *
 *     client ──► wormholed ──► gate ──► dockerd
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Belongings, Daemon } from '../support/daemon.ts';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { EngineGate } from '../support/engine-gate.ts';
import { dial } from '../support/local.ts';
import {
  containersOf,
  detailOf,
  echo,
  engineWithEcho,
  fate,
  onFirstConnection,
  statesOf,
  timesOf,
} from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** A daemon is ready after five seconds at the latest, made again or not. */
const isMadeAgain = (daemon: Daemon, id: string): Promise<unknown> =>
  daemon.sees(id, 'made again', ({ state }) => state !== 'waiting');

describe.skipIf(missing !== undefined)('started containers, when what started them goes away', () => {
  const host = engineWithEcho();
  let env: { readonly DOCKER_HOST: string };
  beforeAll(() => {
    env = { DOCKER_HOST: host().address };
  });

  test('a daemon that is killed between create and start: the next one starts that container, and makes no second', async () => {
    using of = new Belongings();
    await using gate = await EngineGate.start(host().socketPath);
    const gated = { of, env: { DOCKER_HOST: gate.address } };
    const held = gate.hold(/^POST \/containers\/\w+\/start$/);
    let port = 0;
    {
      await using killed = await Daemon.start(gated);
      ({ port } = await killed.create(onFirstConnection('shop')));
      await using client = await dial(port);
      await held.reached;
      await killed.stop('SIGKILL');
      expect(await client.ending()).toMatch(/^(eof|ECONNRESET)$/);
    }
    const [made] = await containersOf(host(), 'shop');
    expect(await statesOf(host(), 'shop')).toEqual(['created']);
    held.release();
    await using next = await Daemon.start({ of, env });
    await isMadeAgain(next, 'shop');
    expect(await echo(port, 'served')).toBe('served');
    expect(await containersOf(host(), 'shop')).toEqual([made]);
    expect(await timesOf(host(), 'shop', 'create')).toBe(1);
    await next.wormhole('delete', 'shop');
    expect(await statesOf(host(), 'shop')).toEqual([]);
  });

  test('a daemon that is killed before it hears what it created: that one is found, too', async () => {
    using of = new Belongings();
    await using gate = await EngineGate.start(host().socketPath);
    let port = 0;
    {
      await using killed = await Daemon.start({ of, env: { DOCKER_HOST: gate.address } });
      ({ port } = await killed.create(onFirstConnection('unheard')));
      const held = gate.holdAnswer(/^POST \/containers\/create$/);
      await using _client = await dial(port);
      await held.reached;
      await killed.stop('SIGKILL');
      held.release();
    }
    expect(await statesOf(host(), 'unheard')).toEqual(['created']);
    await using next = await Daemon.start({ of, env });
    await isMadeAgain(next, 'unheard');
    expect(await echo(port, 'served')).toBe('served');
    expect(await timesOf(host(), 'unheard', 'create')).toBe(1);
  });

  test('a daemon that is killed between start and ready: the next one waits until it is ready', async () => {
    using of = new Belongings();
    let port = 0;
    {
      await using killed = await Daemon.start({ of, env });
      ({ port } = await killed.create(onFirstConnection('young', `${ECHO} 80 5000`)));
      await using _client = await dial(port);
      await until('it runs', async () => (await statesOf(host(), 'young'))[0] === 'running');
      await killed.stop('SIGKILL');
    }
    await using next = await Daemon.start({ of, env });
    await isMadeAgain(next, 'young');
    expect(await echo(port, 'served')).toBe('served');
    expect(await timesOf(host(), 'young', 'start')).toBe(1);
  });

  test('a daemon that is restarted: the child of a running container listens in it again, before anybody connects', async () => {
    using of = new Belongings();
    const child = ['child', 'url', ':3306', 'trigger', 'docker-run', `--name db ${ECHO} 3306`];
    const inside = (): Promise<string> =>
      host()
        .sh('app', 'echo question | nc 127.0.0.1 3306 | (read answer; echo $answer)')
        .catch(() => '');
    {
      await using before = await Daemon.start({ of, env });
      const { port } = await before.create([...onFirstConnection('nested', `--name app ${ECHO}`), ...child]);
      expect(await echo(port, 'hello')).toBe('hello');
      expect(await inside()).toBe('question');
    }
    await using after = await Daemon.start({ of, env });
    await until('it listens there again', async () => (await inside()) === 'question');
    expect(await timesOf(host(), 'nested', 'create')).toBe(2);
    await after.wormhole('delete', 'nested');
    expect(await statesOf(host(), 'nested')).toEqual([]);
  });

  test('a daemon that is restarted: its containers run on, connections find them, and delete removes them', async () => {
    using of = new Belongings();
    let port = 0;
    {
      await using before = await Daemon.start({ of, env });
      ({ port } = await before.create(onFirstConnection('lazy')));
      await before.create(['id', 'eager', 'url', ':0', 'tail', 'url', ':80', 'docker-run', ECHO]);
      expect(await echo(port, 'before')).toBe('before');
      expect(await before.stop()).toBe(0);
    }
    expect(await statesOf(host(), 'lazy')).toEqual(['running']);
    expect(await statesOf(host(), 'eager')).toEqual(['running']);
    await using after = await Daemon.start({ of, env });
    await after.sees('lazy', 'up', ({ state }) => state === 'up');
    await after.sees('eager', 'up', ({ state }) => state === 'up');
    const lazy = await containersOf(host(), 'lazy');
    expect((await detailOf(after, 'lazy')).segments[0]?.containers.map(({ id }) => id)).toEqual(lazy);
    expect(await echo(port, 'after')).toBe('after');
    for (const id of ['lazy', 'eager']) {
      expect(await timesOf(host(), id, 'create')).toBe(1);
      await after.wormhole('delete', id);
      expect(await statesOf(host(), id)).toEqual([]);
    }
  });

  test('an engine that restarts while a start is under way: who waits is served, or closed and served the next time', async () => {
    using of = new Belongings();
    await using gate = await EngineGate.start(host().socketPath);
    await using daemon = await Daemon.start({ of, env: { DOCKER_HOST: gate.address } });
    const { port } = await daemon.create(onFirstConnection('flight'));
    const held = gate.hold(/^POST \/containers\/\w+\/start$/);
    await using client = await dial(port);
    await client.send('hello');
    await held.reached;
    await host().stopEngine();
    held.release();
    await host().startEngine();
    const served = await client.text(5).catch((error: Error) => error.message);
    expect(served).toMatch(/^hello$|ended/);
    await until('a connection is served', async () => (await echo(port, 'again').catch(() => '')) === 'again');
    expect(await timesOf(host(), 'flight', 'create')).toBeLessThanOrEqual(1);
    expect(await statesOf(host(), 'flight')).toEqual(['running']);

    // Without live restore all containers die with it.
    await host().stopEngine();
    await daemon.sees('flight', 'not up', ({ state }) => state !== 'up');
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    await host().startEngine();
    await until('a connection is served', async () => (await echo(port, 'once more').catch(() => '')) === 'once more');
    expect(await statesOf(host(), 'flight')).toEqual(['running']);
  });

  test('XT6 a create that fails undoes all it did, and says what would not go', async () => {
    using of = new Belongings();
    await using gate = await EngineGate.start(host().socketPath);
    await using daemon = await Daemon.start({ of, env: { DOCKER_HOST: gate.address } });
    await daemon.create('id busy url :8080 tail url :1');
    const chain = (id: string): string[] =>
      ['create', 'id', id, 'url', ':8080', 'tail', 'url', ':80', 'docker-run', ECHO].concat([
        'child',
        'url',
        ':3306',
        'tail',
        'url',
        ':81',
        'docker-run',
        `${ECHO} 81`,
      ]);
    const failed = await daemon.wormhole(...chain('undone'));
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toMatch(/8080/);
    expect(await timesOf(host(), 'undone', 'create')).toBe(2);
    expect(await statesOf(host(), 'undone')).toEqual([]);
    expect((await daemon.get<{ wormholes: unknown[] }>('/v1/wormholes')).wormholes).toHaveLength(1);

    {
      using _stuck = gate.refuse(/^DELETE \/containers/, 500, 'device or resource busy');
      const left = await daemon.wormhole(...chain('left'));
      expect(left.stderr).toMatch(/8080/);
      expect(left.stderr).toContain('not everything could be undone');
      expect(left.stderr).toContain('device or resource busy');
    }
    expect(await statesOf(host(), 'left')).toEqual(['running', 'running']);
  });

  test('a disk that is full: the engine is quoted, nothing is left, and the next connection is served', async () => {
    using of = new Belongings();
    await using gate = await EngineGate.start(host().socketPath);
    await using daemon = await Daemon.start({ of, env: { DOCKER_HOST: gate.address } });
    const { port } = await daemon.create(onFirstConnection('disk'));
    {
      using _full = gate.refuse(
        /^POST \/containers\/create$/,
        500,
        'mkdir /var/lib/docker/overlay2/x: no space left on device',
      );
      expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
      const { reason } = await daemon.sees('disk', 'failed', ({ state }) => state === 'failed');
      expect(reason).toContain('no space left on device');
    }
    expect(await statesOf(host(), 'disk')).toEqual([]);
    expect(await echo(port, 'served')).toBe('served');
    expect(await timesOf(host(), 'disk', 'create')).toBe(1);
  });
});
