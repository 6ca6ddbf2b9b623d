/** What the daemon does to containers, done to those of a real engine. */
import { describe, expect, test } from 'vitest';
import { recipeOf } from '../../src/spec/recipe/recipe.ts';
import { splitWords } from '../../src/spec/shell.ts';
import { runnerContract } from '../conformance/runner.ts';
import { until } from '../support/command.ts';
import { DockerHost, IMAGE } from '../support/docker-host.ts';
import { ownRunner } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`runner.test.ts is skipped: ${missing}`);

const { signal } = new AbortController();

describe.skipIf(missing !== undefined)('a runner on a real engine', () => {
  const { host, engine } = ownRunner();

  const create = (line: string): Promise<string> => engine().create(recipeOf(splitWords(line)), {}, signal);
  const run = async (line: string): Promise<string> => {
    const id = await create(line);
    await engine().start(id, signal);
    return id;
  };
  const facts = (id: string) => engine().inspect(id, signal);
  const ended = (id: string) => until('it has ended', async () => (await facts(id))?.running === false);

  runnerContract(() => ({
    runner: engine(),
    image: IMAGE,
    recipe: (name, image) => recipeOf(splitWords(`--name ${name} --network none --stop-signal KILL ${image}`)),
    nowhere: 'wormhole/none',
  }));

  test('removes a running one with its anonymous volumes, and waits for one that removes itself', async () => {
    const id = await run(`-v /data --rm --name web --stop-signal KILL ${IMAGE}`);
    expect(await host().docker(['volume', 'ls', '--quiet'])).not.toBe('');
    await Promise.all([engine().stop(id, signal), engine().remove(id, signal)]);
    await engine().remove(id, signal);
    expect(await facts(id)).toBeUndefined();
    expect(await host().docker(['volume', 'ls', '--quiet'])).toBe('');
    await create(`--name web ${IMAGE}`);
  });

  test('says in the words of the engine what that does not accept', async () => {
    const body = { HostConfig: { Memory: 1024 } };
    await expect(engine().create({ image: IMAGE, pull: 'never', body }, {}, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: expect.stringMatching(/memory/i) as string,
    });
  });

  test.each([
    ['--entrypoint /none', /\/none.*no such file/i],
    ['--network nowhere', /network nowhere not found/i],
    ['-v /proc/none/x:/x', /mkdir|no such file|not permitted/i],
    ['-p 127.0.0.1:4711:80', /4711.*(in use|allocated)/i],
  ])('%s: it does not start, in the words of the engine, without the environment', async (flags, words) => {
    await host().run({ flags: ['--publish=127.0.0.1:4711:80'] });
    const env = '-e PASSWORD=/none -e OTHER=nowhereland';
    const create = engine().create(recipeOf(splitWords(`${env} ${flags} --name web ${IMAGE}`)), {}, signal);
    const failure: unknown = await create.then((id) => engine().start(id, signal)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'WH_ERR_CONTAINER_FAILED' });
    const { message } = failure as Error;
    expect(message).toMatch(flags.includes('/none') && !flags.includes('/x') ? /\[redacted\].*no such file/i : words);
  });

  test('tells how it ended', async () => {
    const id = await run(`${IMAGE} sh -c 'exit 42'`);
    await ended(id);
    expect(await facts(id)).toMatchObject({ state: 'exited', exitCode: 42, error: '' });
  });

  test('tells that it ran out of memory', async ({ skip }) => {
    if ((await host().docker(['info', '--format', '{{.MemoryLimit}}'])) !== 'true') {
      console.log('skipped: the engine cannot limit memory here');
      skip();
    }
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
    await host().sh(id, 'mkdir /tmp/well');
    await until('it is healthy', async () => (await facts(id))?.health === 'healthy');
  });

  test('stops by the signal and within the time of the container', async () => {
    const trap = (words: string): string => `sh -c 'trap "${words}; mkdir /tmp/trapped; while :; do sleep 0.1; done'`;
    const trapped = (id: string): Promise<void> =>
      until('the trap is set', () =>
        host()
          .sh(id, 'ls -d /tmp/trapped')
          .then(
            () => true,
            () => false,
          ),
      );
    const id = await run(`--stop-signal USR1 ${IMAGE} ${trap('exit 7" USR1')}`);
    await trapped(id);
    await engine().stop(id, signal);
    expect(await facts(id)).toMatchObject({ exitCode: 7 });
    const deaf = await run(`--stop-timeout 1 ${IMAGE} ${trap('" TERM')}`);
    await trapped(deaf);
    await engine().stop(deaf, signal);
    expect(await facts(deaf)).toMatchObject({ exitCode: 137 });
  });
});
