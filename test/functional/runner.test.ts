/** What the daemon does to containers, done to those of a real engine. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import { recipeOf } from '../../src/spec/recipe/recipe.ts';
import { splitWords } from '../../src/spec/shell.ts';
import { until } from '../support/command.ts';
import { DockerHost, IMAGE } from '../support/docker-host.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`runner.test.ts is skipped: ${missing}`);

const { signal } = new AbortController();
const log = { warn: () => undefined, debug: () => undefined };

describe.skipIf(missing !== undefined)('a runner on a real engine', () => {
  let host: DockerHost;
  let engine: DockerEngine;
  beforeAll(async () => {
    host = await DockerHost.start();
    engine = new DockerEngine({ log, env: { DOCKER_HOST: host.address } });
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });
  afterEach(() => host.clear());

  const create = (line: string, labels: Record<string, string> = {}): Promise<string> =>
    engine.create(recipeOf(splitWords(line)), labels, signal);
  const run = async (line: string): Promise<string> => {
    const id = await create(line);
    await engine.start(id, signal);
    return id;
  };
  const facts = (id: string) => engine.inspect(id, signal);
  const ended = (id: string) => until('it has ended', async () => (await facts(id))?.running === false);

  test('takes one through its life, each step also when it was done before', async () => {
    const id = await create(`--name web --stop-signal KILL -l own=1 ${IMAGE}`, { ours: '2' });
    expect(await facts(id)).toMatchObject({ name: 'web', state: 'created', running: false, pid: 0, health: 'none' });
    await engine.start(id, signal);
    await engine.start(id, signal);
    expect(await facts(id)).toMatchObject({ state: 'running', running: true, labels: { own: '1', ours: '2' } });
    await engine.pause(id, signal);
    await engine.pause(id, signal);
    expect(await facts(id)).toMatchObject({ state: 'paused', running: true });
    await engine.unpause(id, signal);
    await engine.unpause(id, signal);
    expect(await facts(id)).toMatchObject({ state: 'running' });
    await engine.stop(id, signal);
    await engine.stop(id, signal);
    expect(await facts(id)).toMatchObject({ state: 'exited', running: false, exitCode: 137, oomKilled: false });
    await engine.start(id, signal);
    await engine.pause(id, signal);
    await engine.stop(id, signal);
    expect(await facts(id)).toMatchObject({ state: 'exited' });
    await engine.remove(id, signal);
    await engine.remove(id, signal);
    await engine.stop(id, signal);
    expect(await facts(id)).toBeUndefined();
    await expect(engine.start(id, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    await expect(engine.pause(id, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
  });

  test('finds by label, running or not, and only by all of them', async () => {
    const one = await create(`--name one ${IMAGE}`, { 'dev.wormhole.id': 'a=b', n: '1' });
    const two = await create(`--name two ${IMAGE}`, { 'dev.wormhole.id': 'a=b', n: '2' });
    await engine.start(two, signal);
    await create(`--name three ${IMAGE}`, { 'dev.wormhole.id': 'a=bc' });
    const found = await engine.labelled({ 'dev.wormhole.id': 'a=b' }, signal);
    const seen = new Map(found.map(({ id, running }) => [id, running]));
    expect(seen).toEqual(
      new Map([
        [one, false],
        [two, true],
      ]),
    );
    expect(await engine.labelled({ 'dev.wormhole.id': 'a=b', n: '2' }, signal)).toHaveLength(1);
    expect(await engine.labelled({ 'dev.wormhole.id': 'none' }, signal)).toEqual([]);
  });

  test('removes a running one with its anonymous volumes, and waits for one that removes itself', async () => {
    const id = await run(`-v /data --rm --name web --stop-signal KILL ${IMAGE}`);
    expect(await host.docker(['volume', 'ls', '--quiet'])).not.toBe('');
    await Promise.all([engine.stop(id, signal), engine.remove(id, signal)]);
    await engine.remove(id, signal);
    expect(await facts(id)).toBeUndefined();
    expect(await host.docker(['volume', 'ls', '--quiet'])).toBe('');
    await create(`--name web ${IMAGE}`);
  });

  test('a name that is taken, an image that is not here, and what the engine does not accept', async () => {
    await create(`--name web ${IMAGE}`);
    await expect(create(`--name web ${IMAGE}`)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_EXISTS',
      message: expect.stringContaining('named web exists') as string,
    });
    await expect(create('wormhole/none')).rejects.toMatchObject({
      code: 'WH_ERR_IMAGE_NOT_FOUND',
      message: expect.stringContaining('wormhole/none') as string,
    });
    const body = { HostConfig: { Memory: 1024 } };
    await expect(engine.create({ image: IMAGE, pull: 'never', body }, {}, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: expect.stringMatching(/memory/i) as string,
    });
    expect(await engine.image('wormhole/none', signal)).toBeUndefined();
    expect(await engine.image(IMAGE, signal)).toMatchObject({ healthcheck: false, labels: {} });
  });

  test.each([
    ['--entrypoint /none', /\/none.*no such file/i],
    ['--network nowhere', /network nowhere not found/i],
    ['-v /proc/none/x:/x', /mkdir|no such file|not permitted/i],
    ['-p 127.0.0.1:4711:80', /4711.*(in use|allocated)/i],
  ])('%s: it does not start, in the words of the engine, without the environment', async (flags, words) => {
    await host.run({ flags: ['--publish=127.0.0.1:4711:80'] });
    const env = '-e PASSWORD=/none -e OTHER=nowhereland';
    const create = engine.create(recipeOf(splitWords(`${env} ${flags} --name web ${IMAGE}`)), {}, signal);
    const failure: unknown = await create.then((id) => engine.start(id, signal)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'WH_ERR_CONTAINER_FAILED' });
    const { message } = failure as Error;
    expect(message).toMatch(flags.includes('/none') && !flags.includes('/x') ? /\[redacted\].*no such file/i : words);
  });

  test('tells how it ended', async () => {
    const id = await run(`${IMAGE} sh -c 'exit 42'`);
    await ended(id);
    expect(await facts(id)).toMatchObject({ state: 'exited', exitCode: 42, error: '' });
  });

  test('tells that it ran out of memory', async () => {
    const id = await run(`-m 6m ${IMAGE} sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'`);
    await ended(id);
    expect(await facts(id)).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  test('follows its health', async () => {
    const id = await run(
      `--health-cmd 'ls /tmp/well' --health-interval 100ms --health-retries 1 ${IMAGE} sh -c 'sleep 86400'`,
    );
    expect(await facts(id)).toMatchObject({ health: 'starting' });
    await until('it is unhealthy', async () => (await facts(id))?.health === 'unhealthy');
    await host.sh(id, 'mkdir /tmp/well');
    await until('it is healthy', async () => (await facts(id))?.health === 'healthy');
  });

  test('stops by the signal and within the time of the container', async () => {
    const trap = (words: string): string => `sh -c 'trap "${words}; mkdir /tmp/trapped; while :; do sleep 0.1; done'`;
    const trapped = (id: string): Promise<void> =>
      until('the trap is set', () =>
        host.sh(id, 'ls -d /tmp/trapped').then(
          () => true,
          () => false,
        ),
      );
    const id = await run(`--stop-signal USR1 ${IMAGE} ${trap('exit 7" USR1')}`);
    await trapped(id);
    await engine.stop(id, signal);
    expect(await facts(id)).toMatchObject({ exitCode: 7 });
    const deaf = await run(`--stop-timeout 1 ${IMAGE} ${trap('" TERM')}`);
    await trapped(deaf);
    await engine.stop(deaf, signal);
    expect(await facts(deaf)).toMatchObject({ exitCode: 137 });
  });
});
