/** What the daemon does to containers, done to those of Podman through its service. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import { recipeOf } from '../../src/spec/recipe/recipe.ts';
import { splitWords } from '../../src/spec/shell.ts';
import { runnerContract } from '../conformance/runner.ts';
import { until } from '../support/command.ts';
import { PodmanHost } from '../support/podman-host.ts';

const missing = PodmanHost.missing();
if (missing !== undefined) console.log(`runner-podman.test.ts is skipped: ${missing}`);

const { signal } = new AbortController();
const log = { warn: () => undefined, debug: () => undefined };
const IMAGE = 'localhost/wormhole/test';
/** Without them its service asks for limits that a machine without CAP_SYS_RESOURCE cannot give. */
const limits = '--ulimit nofile=1024:1024 --ulimit nproc=1024:1024';

describe.skipIf(missing !== undefined)("a runner on Podman's service", () => {
  let host: PodmanHost;
  let engine: DockerEngine;
  beforeAll(async () => {
    host = await PodmanHost.start();
    engine = new DockerEngine({ log, env: { DOCKER_HOST: host.address } });
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });
  afterEach(() => host.clear());

  const create = (line: string): Promise<string> =>
    engine.create(recipeOf(splitWords(`${limits} --network none ${line}`)), {}, signal);
  const facts = (id: string) => engine.inspect(id, signal);
  const collect = async (id: string): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of engine.logs(id, '', signal)) lines.push(line);
    return lines;
  };

  runnerContract(() => ({
    runner: engine,
    image: IMAGE,
    recipe: (name, image) =>
      recipeOf(splitWords(`${limits} --name ${name} --network none --stop-signal KILL ${image}`)),
    nowhere: 'localhost/none',
  }));

  test('says in its words that a program is not in the image', async () => {
    const id = await create(`--entrypoint /none ${IMAGE}`);
    await expect(engine.start(id, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: expect.stringMatching(/no such file/i) as string,
    });
  });

  test('tells how it ended, and what it wrote to both streams and to a terminal', async () => {
    const id = await create(`${IMAGE} sh -c 'echo out; echo err >&2; exit 42'`);
    await engine.start(id, signal);
    await until('it has ended', async () => (await facts(id))?.running === false);
    expect(await facts(id)).toMatchObject({ state: 'exited', exitCode: 42 });
    expect((await collect(id)).toSorted()).toEqual(['err', 'out']);
    const terminal = await create(`--tty ${IMAGE} sh -c 'echo one; sleep 0.5; echo two'`);
    await engine.start(terminal, signal);
    expect(await collect(terminal)).toEqual(['one', 'two']);
  });

  test('a pull from a registry that is down says so', async () => {
    await expect(engine.pull('127.0.0.1:1/web', undefined, () => undefined, signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
      message: expect.stringContaining('connection refused') as string,
    });
  });
});
