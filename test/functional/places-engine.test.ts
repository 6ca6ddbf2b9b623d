/** Finding and watching containers of a real engine. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import type { ContainerChange } from '../../src/docker/engine.ts';
import { until } from '../support/command.ts';
import { DockerHost } from '../support/docker-host.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const log = { warn: () => undefined, debug: () => undefined };
const { signal } = new AbortController();

describe.skipIf(missing !== undefined)('DockerEngine', () => {
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

  test('finds a container by name, full id and id prefix, with the facts of its process', async () => {
    const id = await host.run({ name: 'web.a-1_x', flags: ['--label', 'tier=front'] });
    const pid = await host.pid(id);
    for (const reference of ['web.a-1_x', id, id.slice(0, 12), id.slice(0, 2)]) {
      expect(await engine.find(reference, signal)).toMatchObject({
        id,
        name: 'web.a-1_x',
        running: true,
        pid,
        hostNetwork: false,
        image: 'wormhole/test',
        labels: { tier: 'front' },
      });
    }
  });

  test('A32: never takes a part of a name, and refuses a name that imitates an id', async () => {
    const victim = await host.run({ name: 'database' });
    for (const part of ['data', 'atabase', 'databas.', 'database ', '', '/database', '.*']) {
      await expect(engine.find(part, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    }
    const impostor = await host.run({ name: victim.slice(0, 12) });
    await expect(engine.find(victim.slice(0, 12), signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_AMBIGUOUS',
      message: expect.stringContaining('database') as string,
    });
    expect((await engine.find(victim, signal)).id).toBe(victim);
    expect((await engine.find(impostor, signal)).id).toBe(impostor);
  });

  test('a stopped container is found, and is not running', async () => {
    const id = await host.run({ name: 'job' });
    await host.docker(['stop', 'job']);
    expect(await engine.find('job', signal)).toMatchObject({ id, running: false, pid: 0 });
    expect(await engine.list(signal)).toMatchObject([{ id, name: 'job', running: false }]);
  });

  test('the network of the host and of another container are told apart', async () => {
    await host.run({ name: 'near', network: 'host' });
    await host.run({ name: 'web' });
    await host.run({ name: 'sidecar', network: 'container:web' });
    expect(await engine.find('near', signal)).toMatchObject({ hostNetwork: true });
    expect(await engine.find('sidecar', signal)).toMatchObject({ hostNetwork: false, running: true });
    expect((await engine.list(signal)).map(({ name }) => name).sort()).toEqual(['near', 'sidecar', 'web']);
  });

  test('tells of start, rename, pause, death and removal, and survives a restart of the engine', async () => {
    const seen: ContainerChange[] = [];
    using _watch = engine.watch((change) => seen.push(change));
    const has = (action: string, name: string) => (): boolean =>
      seen.some((change) => change.action === action && change.name === name);
    await until('connected', has('connect', ''));
    await host.run({ name: 'one' });
    await host.docker(['rename', 'one', 'two']);
    await host.docker(['pause', 'two']);
    await host.docker(['unpause', 'two']);
    await host.docker(['rm', '--force', 'two']);
    for (const action of ['rename', 'pause', 'unpause', 'die', 'destroy']) await until(action, has(action, 'two'));
    await until('start', has('start', 'one'));

    seen.length = 0;
    await host.stopEngine();
    await expect(engine.find('two', signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
      message: expect.stringContaining(host.socketPath) as string,
    });
    await host.startEngine();
    await until('connected again', has('connect', ''));
    await host.run({ name: 'three' });
    await until('start', has('start', 'three'));
  });

  test('asking is given up with its signal', async () => {
    await expect(engine.find('web', AbortSignal.abort())).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });

  test('says which version answers at which address', async () => {
    expect(await engine.ping(signal)).toMatchObject({ address: host.address });
  });
});
