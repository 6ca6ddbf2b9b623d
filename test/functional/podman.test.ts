/**
 * Podman instead of Docker, through the socket of its service.
 *
 *     test ─► wormholed :9000 ─► container db, 127.0.0.1:7000, a network of its own
 *                 └─ containers, events ─► podman.sock ─ podman system service
 */
import { mkdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resolvePlace } from '../../src/daemon/places/resolve.ts';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import type { ContainerChange } from '../../src/docker/engine.ts';
import { until } from '../support/command.ts';
import { Belongings, Daemon } from '../support/daemon.ts';
import { PodmanHost } from '../support/podman-host.ts';
import { ownNamespace } from '../support/world.ts';

const missing = PodmanHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const log = { warn: () => undefined, debug: () => undefined };
const { signal } = new AbortController();

/** Serves a word on its own loopback. */
const serve = (word: string): string[] => [
  'sh',
  '-c',
  `mkdir -p /www; echo ${word} > /www/index.html; exec httpd -f -p 127.0.0.1:7000 -h /www`,
];

/** What an HTTP server at 127.0.0.1:PORT says; '' = nothing came. */
function answer(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', (chunk) => (text += String(chunk))).on('error', () => undefined);
    socket.on('close', () => resolve(text.split('\r\n\r\n')[1]?.trim() ?? ''));
  });
}
const answers = (port: number, word: string): Promise<void> =>
  until(`${word} answers`, async () => (await answer(port)) === word);

describe.skipIf(missing !== undefined)("Podman's service", () => {
  let host: PodmanHost;
  ownNamespace();
  beforeAll(async () => {
    host = await PodmanHost.start();
  });
  afterEach(() => host.clear());
  afterAll(() => host[Symbol.asyncDispose]());

  const engineOf = (resyncMs = 3_600_000): DockerEngine =>
    new DockerEngine({ log, env: { DOCKER_HOST: host.address }, resyncMs });

  test('finds a container by name, full id and id prefix, and nothing by a part of a name', async () => {
    await using engine = engineOf();
    const id = await host.run('web.a-1_x', [], ['--network=none', '--label=tier=front']);
    const pid = await host.pid(id);
    for (const reference of ['web.a-1_x', id, id.slice(0, 12), id.slice(0, 2)]) {
      expect(await engine.find(reference, signal)).toMatchObject({
        id,
        name: 'web.a-1_x',
        running: true,
        pid,
        hostNetwork: false,
        labels: { tier: 'front' },
      });
      using place = await resolvePlace({ kind: 'container', container: reference }, { engine }, signal);
      expect(place.namespaceId).toBe(readlinkSync(`/proc/${pid}/ns/net`));
    }
    for (const part of ['web', 'a-1_x', 'webxa-1_x', '.*']) {
      await expect(engine.find(part, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    }
  });

  test('lists containers that run and others, and says which version answers', async () => {
    await using engine = engineOf();
    await host.run('web');
    await host.run('job');
    await host.run('near', [], ['--network=host']);
    await host.podman(['stop', 'job']);
    const listed = new Map((await engine.list(signal)).map((container) => [container.name, container]));
    expect([...listed.keys()].sort()).toEqual(['job', 'near', 'web']);
    expect(listed.get('web')).toMatchObject({ running: true, hostNetwork: false });
    expect(listed.get('near')).toMatchObject({ running: true, hostNetwork: true });
    expect(listed.get('job')).toMatchObject({ running: false, pid: 0 });
    expect(await engine.find('job', signal)).toMatchObject({ running: false, pid: 0 });
    expect(await engine.ping(signal)).toMatchObject({ address: host.address });
  });

  test("a container in another one's network, and one on the host's", async () => {
    await using engine = engineOf();
    await host.run('web');
    await host.run('sidecar', [], ['--network=container:web']);
    await host.run('near', [], ['--network=host']);
    using sidecar = await resolvePlace({ kind: 'container', container: 'sidecar' }, { engine }, signal);
    expect(sidecar.namespaceId).toBe(readlinkSync(`/proc/${await host.pid('web')}/ns/net`));
    using near = await resolvePlace({ kind: 'container', container: 'near' }, { engine }, signal);
    expect(near.hostNetwork).toBe(true);
  });

  test('tells of start, rename, pause, death and removal, and survives a restart of the service', async () => {
    await using engine = engineOf();
    const seen: ContainerChange[] = [];
    using _watch = engine.watch((change) => seen.push(change));
    const has = (action: string, name: string) => (): boolean =>
      seen.some((change) => change.action === action && change.name === name);
    await until('connected', has('connect', ''));
    await host.run('one');
    await host.podman(['rename', 'one', 'two']);
    await host.podman(['pause', 'two']);
    await host.podman(['unpause', 'two']);
    await host.podman(['rm', '--force', '--time=0', 'two']);
    await until('start', has('start', 'one'));
    for (const action of ['rename', 'pause', 'unpause', 'die', 'destroy']) await until(action, has(action, 'two'));

    seen.length = 0;
    await host.stopService();
    await expect(engine.find('two', signal)).rejects.toMatchObject({ code: 'WH_ERR_DOCKER_UNAVAILABLE' });
    await host.startService();
    await until('connected again', has('connect', ''));
    await host.run('three');
    await until('start', has('start', 'three'));
  });

  describe('behind a wormhole', () => {
    let daemon: Daemon;
    beforeAll(async () => {
      daemon = await Daemon.start({ env: { DOCKER_HOST: host.address } });
    });
    afterEach(async () => {
      const { wormholes } = await daemon.get<{ wormholes: Array<{ id: string }> }>('/v1/wormholes');
      for (const { id } of wormholes) await daemon.wormhole('delete', '--now', id);
    });
    afterAll(() => daemon[Symbol.asyncDispose]());

    test('by name: into its own localhost, through restart and recreate, with the same id', async () => {
      await host.run('db', serve('first'));
      const { port } = await daemon.create('id by-name url 127.0.0.1 tail url :7000 docker-ns db');
      await answers(port, 'first');
      await host.podman(['restart', '--time=0', 'db']);
      await answers(port, 'first');
      await host.podman(['rm', '--force', '--time=0', 'db']);
      const { reason } = await daemon.sees('by-name', 'waiting', ({ state }) => state === 'waiting');
      expect(reason).toContain('db');
      await host.run('db', serve('second'));
      await answers(port, 'second');
      expect(await daemon.look('by-name')).toMatchObject({ id: 'by-name', state: 'up' });
    });

    test('by id: through a restart, and gone after removal, whoever bears the name then', async () => {
      const id = await host.run('db', serve('only'));
      const { port } = await daemon.create(`id by-id url 127.0.0.1 tail url :7000 docker-ns ${id.slice(0, 12)}`);
      await answers(port, 'only');
      await host.podman(['restart', '--time=0', 'db']);
      await answers(port, 'only');
      await host.podman(['rm', '--force', '--time=0', 'db']);
      await daemon.sees('by-id', 'gone', ({ state }) => state === 'gone');
      await host.run('db', serve('impostor'));
      expect(await daemon.look('by-id')).toMatchObject({ state: 'gone' });
    });

    test('its head in one container, its tail in another', async () => {
      await host.run('db', serve('far'));
      await host.run('app');
      await daemon.create('url :9000 docker-ns app tail url :7000 docker-ns db');
      expect(await host.podman(['exec', 'app', 'wget', '-q', '-O', '-', 'http://127.0.0.1:9000/'])).toBe('far');
    });

    test('what happens while the service is away is found when it is back', async () => {
      await host.run('db', serve('first'));
      const { port } = await daemon.create('id missed url 127.0.0.1 tail url :7000 docker-ns db');
      await answers(port, 'first');
      await host.stopService();
      await answers(port, 'first');
      await host.podman(['rm', '--force', '--time=0', 'db']);
      await host.run('db', serve('second'));
      await host.startService();
      await answers(port, 'second');
    });
  });

  test("without DOCKER_HOST the daemon looks for Podman's socket where Docker's is missing", async () => {
    using of = new Belongings();
    await host.run('db', serve('found'));
    // A mount namespace of the daemon's own, in which /run holds nothing but Podman's socket.
    const run = join(of.folder, 'run');
    mkdirSync(run);
    const place = `mount --bind ${run} /run && mkdir /run/podman && ln -s ${host.socketPath} /run/podman/podman.sock`;
    await using daemon = await Daemon.start({
      of,
      env: { DOCKER_HOST: '' },
      under: ['unshare', '--mount', 'sh', '-c', `${place} && exec "$@"`, 'sh'],
    });
    const { port } = await daemon.create('url 127.0.0.1 tail url :7000 docker-ns db');
    await answers(port, 'found');
  });
});
