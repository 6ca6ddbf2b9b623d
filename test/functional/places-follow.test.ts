/**
 * Places in a real engine: entering containers, and following them through their lives.
 *
 *     machine ── private dockerd ── containers web, db, …        and `ip netns` names of the test's own
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Following } from '../../src/daemon/places/follow.ts';
import { procfs } from '../../src/daemon/places/process.ts';
import { resolvePlace } from '../../src/daemon/places/resolve.ts';
import type { Where } from '../../src/daemon/places/where.ts';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import type { NamespaceRef } from '../../src/spec/plan.ts';
import { command, until } from '../support/command.ts';
import { DockerHost } from '../support/docker-host.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const log = { warn: () => undefined, debug: () => undefined };
const { signal } = new AbortController();
const ref = (container: string): NamespaceRef => ({ kind: 'container', container });
const netns = (pid: number): string => readlinkSync(`/proc/${pid}/ns/net`);
const openFds = (): number => readdirSync('/proc/self/fd').length;

describe.skipIf(missing !== undefined)('places of a real engine', () => {
  let host: DockerHost;
  let engine: DockerEngine;

  beforeAll(async () => {
    host = await DockerHost.start();
    engine = new DockerEngine({ log, env: { DOCKER_HOST: host.address }, resyncMs: 3_600_000 });
  });
  afterEach(() => host.clear());
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  /** Follows and keeps where it was; `at` waits for the namespace of a container's process. */
  async function follow(what: NamespaceRef, source = engine) {
    const states: string[] = [];
    let now: Where | undefined;
    const follower = await Following.start(
      what,
      (where) => {
        states.push(where.state);
        now = where;
      },
      { engine: source, log, lookMs: 20 },
    );
    const here = (): string => (now?.state === 'here' ? now.place.namespaceId : '');
    return {
      states,
      here,
      now: () => now,
      reason: () => (now === undefined || now.state === 'here' ? '' : now.reason),
      at: async (container: string) => {
        const id = netns(await host.pid(container));
        await until(`at ${container}`, () => here() === id);
      },
      is: (state: Where['state']) => until(state, () => now?.state === state),
      [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
    };
  }

  test('a container is entered by name, id and prefix; its neighbours on other networks too', async () => {
    const id = await host.run({ name: 'web' });
    await host.run({ name: 'lonely', network: 'none' });
    await host.run({ name: 'sidecar', network: 'container:web' });
    for (const [reference, name] of [
      ['web', 'web'],
      [id, 'web'],
      [id.slice(0, 6), 'web'],
      ['lonely', 'lonely'],
      ['sidecar', 'web'],
    ] as const) {
      using place = await resolvePlace(ref(reference), { engine }, signal);
      expect(place.namespaceId).toBe(netns(await host.pid(name)));
      expect(place.namespaceId).not.toBe(netns(process.pid));
      expect(place.hostNetwork).toBe(false);
    }
  });

  test("a container on the daemon's own network is recognised", async () => {
    await host.run({ name: 'near', network: 'host' });
    const self = await command('nsenter', [`--net=/run/netns/${host.namespace}`, 'readlink', '/proc/self/ns/net']);
    using place = await resolvePlace(ref('near'), { engine }, signal);
    // This engine's host is a namespace of the test's own, and so not the one that the test runs in.
    expect(place).toMatchObject({ namespaceId: self, hostNetwork: false, container: { hostNetwork: true } });
  });

  test('a stopped, paused or absent container', async () => {
    await host.run({ name: 'web' });
    await host.docker(['pause', 'web']);
    using place = await resolvePlace(ref('web'), { engine }, signal);
    expect(place.label).toBe('web');
    await host.docker(['unpause', 'web']);
    await host.docker(['stop', 'web']);
    await expect(resolvePlace(ref('web'), { engine }, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_STOPPED',
    });
    await expect(resolvePlace(ref('wob'), { engine }, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_NOT_FOUND',
    });
  });

  test("A29: only a process in the container's own control group belongs to it", async () => {
    const [one, two] = [await host.run({ name: 'one' }), await host.run({ name: 'two' })];
    expect(procfs.belongsTo(await host.pid('one'), one)).toBe(true);
    expect(procfs.belongsTo(await host.pid('one'), two)).toBe(false);
    expect(procfs.belongsTo(process.pid, one)).toBe(false);
  });

  test('A30: a place that is held does not keep a removed container, and leaves no descriptor', async () => {
    await host.run({ name: 'warm-up' });
    (await resolvePlace(ref('warm-up'), { engine }, signal))[Symbol.dispose]();
    const fds = openFds();
    await host.run({ name: 'web' });
    {
      using _place = await resolvePlace(ref('web'), { engine }, signal);
      await host.docker(['rm', '--force', 'web']);
      expect(await host.docker(['ps', '--all', '--quiet', '--filter', 'name=web'])).toBe('');
    }
    await until('descriptors are closed', () => openFds() <= fds);
  });

  test('by name: restart, recreation, renaming away and into', async () => {
    await host.run({ name: 'db' });
    await using db = await follow(ref('db'));
    await db.at('db');
    await host.docker(['restart', '--time', '0', 'db']);
    await db.at('db');

    await host.docker(['rm', '--force', 'db']);
    await until('absent', () => db.now()?.state === 'absent' && db.reason().startsWith('no container'));
    await host.run({ name: 'db' });
    await db.at('db');

    await host.run({ name: 'db-green' });
    await host.docker(['rename', 'db', 'db-blue']);
    await db.is('absent');
    await host.docker(['rename', 'db-green', 'db']);
    await db.at('db');
  });

  test('by id: restart and renaming, then gone for ever', async () => {
    const id = await host.run({ name: 'db' });
    await using db = await follow(ref(id.slice(0, 12)));
    await db.at(id);
    await host.docker(['rename', 'db', 'other']);
    await host.docker(['stop', id]);
    await db.is('absent');
    await host.docker(['start', id]);
    await db.at(id);
    await host.docker(['rm', '--force', id]);
    await db.is('gone');
    await host.run({ name: 'other' });
    expect(db.states.at(-1)).toBe('gone');
  });

  test('R20: a restart of the engine itself is survived, and what happened meanwhile is seen', async () => {
    await host.run({ name: 'db' });
    await using db = await follow(ref('db'));
    await db.at('db');
    await host.stopEngine();
    await db.is('absent');
    await host.startEngine();
    await host.docker(['start', 'db']);
    await db.at('db');
  });

  test('R20: without any event, the resync finds the move', async () => {
    await using slow = new DockerEngine({ log, env: { DOCKER_HOST: host.address }, resyncMs: 50 });
    const deaf = {
      find: slow.find.bind(slow),
      list: slow.list.bind(slow),
      ping: slow.ping.bind(slow),
      watch: (tell: Parameters<typeof slow.watch>[0]) => slow.watch((change) => change.id === '' && tell(change)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    } as unknown as DockerEngine;
    await host.run({ name: 'db' });
    await using db = await follow(ref('db'), deaf);
    await db.at('db');
    await host.docker(['restart', '--time', '0', 'db']);
    await db.at('db');
  });

  test('an `ip netns` name is followed to another namespace of that name', async () => {
    const name = `wormhole-test-${randomBytes(3).toString('hex')}`;
    await command('ip', ['netns', 'add', name]);
    try {
      await using blue = await follow({ kind: 'netns', name });
      const id = (): string => `net:[${statSync(`/run/netns/${name}`).ino}]`;
      const first = id();
      expect(blue.here()).toBe(first);
      await command('ip', ['netns', 'delete', name]);
      await blue.is('absent');
      writeFileSync(`/run/netns/${name}`, '');
      await until('a plain file is no namespace', () => blue.reason().includes('plain file'));
      await command('ip', ['netns', 'delete', name]);
      await command('ip', ['netns', 'add', name]);
      await until('at the new one', () => blue.here() === id());
    } finally {
      await command('ip', ['netns', 'delete', name]);
    }
  });
});
