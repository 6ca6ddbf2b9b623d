/** Logs of containers of a real engine, followed. */
import { describe, expect, test } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';
import { ownRunner } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`runner-logs.test.ts is skipped: ${missing}`);

const { signal } = new AbortController();

describe.skipIf(missing !== undefined)('logs of a real engine', () => {
  const { host, engine } = ownRunner();

  const sh = (script: string, flags: readonly string[] = []): Promise<string> =>
    host().run({ flags: ['--network=none', ...flags], command: ['sh', '-c', script] });
  const collect = async (id: string, since = ''): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of engine().logs(id, since, signal)) lines.push(line);
    return lines;
  };

  test('have both streams, and end with the container', async () => {
    const id = await sh('echo out; sleep 0.2; echo err >&2; sleep 0.2; printf "no newline"; exit 3');
    expect((await collect(id)).sort()).toEqual(['err', 'no newline', 'out']);
    expect(await engine().inspect(id, signal)).toMatchObject({ running: false, exitCode: 3 });
    expect(await collect(id)).toHaveLength(3);
  });

  test('of a terminal', async () => {
    expect(await collect(await sh('echo one; echo two >&2; sleep 0.5', ['--tty']))).toEqual(['one', 'two']);
  });

  test('have all that was written since the last start, however soon, and nothing of the run before', async () => {
    const id = await sh('echo again', ['--stop-signal=KILL']);
    for (let i = 0; i < 10; i++) {
      const startedAt = (await engine().inspect(id, signal))?.startedAt ?? '';
      expect(await collect(id)).toEqual(['again']);
      expect(await collect(id, startedAt)).toEqual(['again']);
      await engine().start(id, signal);
    }
  });

  test('of a container that writes without end wait for their reader', async () => {
    const id = await sh('while :; do echo yes; done', ['--stop-signal=KILL']);
    const given = new AbortController();
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const line of engine().logs(id, '', given.signal)) {
        if (line !== 'yes') throw new Error(`a line that was not written: ${line}`);
        if ((seen += 1) === 10_000) given.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await engine().remove(id, signal);
  });

  test('can be missing', async () => {
    const id = await sh('echo unheard', ['--log-driver=none']);
    await expect(collect(id)).rejects.toMatchObject({ code: 'WH_ERR_UNSUPPORTED' });
    await engine().remove(id, signal);
    await expect(collect(id)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
  });
});
