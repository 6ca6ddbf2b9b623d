/**
 * Containers that cannot be started, and those that die: who waits hears it at once, nothing is left twice, and the next
 * connection tries again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { dial } from '../support/local.ts';
import { echo, fate, onDemandHost, statesOf, timesOf } from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** How connections end that are given up. */
const CLOSED = /^(eof|ECONNRESET)$/;
const triggered = (args: string, ...more: string[]): string[] =>
  ['url', ':0', 'trigger', 'url', ':80', 'docker-run', args].concat(more);

describe.skipIf(missing !== undefined)('a container that does not work', () => {
  const { host, daemon } = onDemandHost();
  const failure = async (id: string): Promise<string> =>
    (await daemon().sees(id, 'failed', ({ state }) => state === 'failed')).reason;

  test('an image that nobody has: the client is closed, and ls says which image', async () => {
    const { id, port } = await daemon().create(triggered('--pull never wormhole/nowhere:1'));
    expect(await fate(port)).toMatch(CLOSED);
    expect(await failure(id)).toContain('wormhole/nowhere:1');
    expect((await daemon().wormhole('ls')).stdout).toMatch(
      new RegExp(`^${id} +failed .*\\n  image wormhole/nowhere:1`, 'm'),
    );
    expect(await statesOf(host(), id)).toEqual([]);
  });

  test('an image that cannot be fetched: eager, create says so and leaves nothing', async () => {
    const { code, stderr } = await daemon().wormhole(
      ...'create id far url :0 tail url :80 docker-run 127.0.0.1:1/wormhole/far'.split(' '),
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('127.0.0.1:1/wormhole/far');
    expect(await statesOf(host(), 'far')).toEqual([]);
    expect(await daemon().get('/v1/wormholes')).toEqual({ wormholes: [] });
  });

  test('A26 a container that ends at once: its exit code is told, it is not started in a loop, nor made twice', async () => {
    const { id, port } = await daemon().create(triggered(`--entrypoint sh ${ECHO} -c 'exit 7'`));
    for (let n = 0; n < 8; n++) expect(await fate(port)).toMatch(CLOSED);
    expect(await failure(id)).toContain('exit code 7');
    expect(await timesOf(host(), id, 'create')).toBe(1);
    expect(await timesOf(host(), id, 'start')).toBeLessThan(8);
    expect(await statesOf(host(), id)).toEqual(['exited']);
  });

  test('a container with a command that there is not: the engine is quoted', async () => {
    const { id, port } = await daemon().create(triggered(`--entrypoint /no/such ${ECHO}`));
    expect(await fate(port)).toMatch(CLOSED);
    expect(await failure(id)).toContain('/no/such');
    expect(await fate(port)).toMatch(CLOSED);
    expect(await timesOf(host(), id, 'create')).toBe(1);
  });

  test('a container that never listens: closed when the time is over, and stopped, which may take longer', async () => {
    const args = `--stop-timeout 3 --entrypoint sleep ${ECHO} 86400`;
    const { id, port } = await daemon().create(triggered(args, 'timeout', '2s'));
    expect(await fate(port)).toMatch(CLOSED);
    // The first process of a container ignores what it does not handle.
    expect(await statesOf(host(), id)).toEqual(['running']);
    expect(await failure(id)).toContain('not ready within 2 s');
    await until('it was stopped', async () => (await statesOf(host(), id))[0] === 'exited');
  });

  test('a container that listens and then dies is started again by the next connection', async () => {
    const { id, port } = await daemon().create(triggered(ECHO));
    expect(await echo(port, 'one')).toBe('one');
    await host().docker(['kill', ...(await idsOf(id))]);
    await daemon().sees(id, 'idle', ({ state }) => state === 'idle');
    expect(await echo(port, 'two')).toBe('two');
    await host().docker(['rm', '--force', ...(await idsOf(id))]);
    await daemon().sees(id, 'idle', ({ state }) => state === 'idle');
    expect(await echo(port, 'three')).toBe('three');
    expect(await timesOf(host(), id, 'create')).toBe(2);
  });

  test('a container that has just died: who comes before anybody has told is served by its next run', async () => {
    const { id, port } = await daemon().create(triggered(ECHO));
    for (let n = 0; n < 5; n++) {
      expect(await echo(port, `run ${n}`)).toBe(`run ${n}`);
      await using last = await dial(port);
      await last.send('die');
      expect(await last.ending()).toMatch(CLOSED);
      // The kernel closes the sockets of a process that ends one after the other, the listening one not first.
      await pause(20);
    }
    expect(await echo(port, 'the last run')).toBe('the last run');
    expect(await timesOf(host(), id, 'create')).toBe(1);
    expect(await timesOf(host(), id, 'start')).toBe(6);
  });

  test('XT5 fifty first connections while the first attempt fails: all are closed, and a later one is served', async () => {
    // It works as soon as there is a file; until then it ends.
    const flags = `-v ${host().directory}:/there:ro --entrypoint sh`;
    const script = "'usleep 200000; test -e /there/works || exit 1; exec /bin/service 80'";
    const { id, port } = await daemon().create(triggered(`${flags} ${ECHO} -c ${script}`));
    const fates = await Promise.all(Array.from({ length: 50 }, () => fate(port)));
    expect(fates.filter((one) => CLOSED.test(one))).toHaveLength(50);
    expect(await failure(id)).toContain('exit code 1');
    expect(await timesOf(host(), id, 'start')).toBe(1);
    await host().sh(
      await host().run({ name: 'maker', flags: ['-v', `${host().directory}:/there`] }),
      'ln -s / /there/works',
    );
    expect(await echo(port, 'served')).toBe('served');
    expect(await timesOf(host(), id, 'create')).toBe(1);
    expect((await daemon().look(id)).state).toBe('up');
  });

  test('a name that another container has: who it is is told, and that one is left alone', async () => {
    await host().run({ name: 'taken' });
    const { id, port } = await daemon().create(triggered(`--name taken ${ECHO}`));
    expect(await fate(port)).toMatch(CLOSED);
    expect(await failure(id)).toMatch(/taken.*exists already/);
    expect(await statesOf(host(), id)).toEqual([]);
    await host().docker(['rename', 'taken', 'free']);
    expect(await echo(port, 'mine')).toBe('mine');
    expect(await host().docker(['inspect', '--format', '{{.State.Status}}', 'free'])).toBe('running');
  });

  async function idsOf(id: string): Promise<string[]> {
    const ids = await host().docker(['ps', '--quiet', '--filter', `label=dev.wormhole.id=${id}`]);
    return ids.split('\n');
  }
});
