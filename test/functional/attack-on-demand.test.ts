/**
 * Containers that mean ill, and confusion about who is who, where containers are started on demand.
 */
import { describe, expect, test } from 'vitest';
import { Belongings, Daemon } from '../support/daemon.ts';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { containersOf, detailOf, echo, fate, onDemandHost, statesOf } from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a container that means ill', () => {
  const { host, daemon } = onDemandHost();
  const hostile = (script: string, ...options: string[]): string[] => [
    'url',
    ':0',
    'trigger',
    'url',
    ':80',
    'docker-run',
    `--stop-timeout 0 --entrypoint sh ${ECHO} -c '${script}'`,
    ...options,
  ];
  const reason = async (id: string): Promise<string> =>
    (await daemon().sees(id, 'failed', ({ state }) => state === 'failed')).reason;

  test("A31 has bound its child's port: the client is closed, the wormhole says why, and goes on when it is free", async () => {
    const script = 'service 3306 & echo $! >/tmp/pid; exec service 80';
    await host().run({ name: 'squatter', image: ECHO, flags: ['--entrypoint=sh'], command: ['-c', script] });
    const child = ['child', 'url', ':3306', 'trigger', 'url', ':80', 'docker-run', ECHO];
    const { id, port } = await daemon().create([
      'url',
      ':0',
      'trigger',
      'url',
      ':80',
      'docker-ns',
      'squatter',
      ...child,
    ]);
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    expect(await reason(id)).toContain('3306');
    expect(await statesOf(host(), id)).toEqual([]);
    await host().sh('squatter', 'kill $(cat /tmp/pid)');
    expect(await echo(port, 'hello')).toBe('hello');
    expect(await host().sh('squatter', 'echo question | nc 127.0.0.1 3306 | (read answer; echo $answer)')).toBe(
      'question',
    );
  });

  test('A31 accepts the probe and hangs up: that is its answer to a client, and the next one is heard', async () => {
    const { id, port } = await daemon().create(hostile('while true; do nc -l -p 80 </dev/null >/dev/null; done'));
    for (let n = 0; n < 3; n++) expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    expect(await statesOf(host(), id)).toEqual(['running']);
    expect((await detailOf(daemon(), id)).segments[0]?.containers).toHaveLength(1);
  });

  test('A31 writes without end: a probe of its log ends in time, and the daemon serves others meanwhile', async () => {
    const { id, port } = await daemon().create(hostile('service 80 & yes y', 'ready', 'log:never', 'timeout', '2s'));
    const other = await daemon().create(['url', ':0', 'trigger', 'url', ':80', 'docker-run', ECHO]);
    const ill = fate(port);
    expect(await echo(other.port, 'hello')).toBe('hello');
    expect(await ill).toMatch(/^(eof|ECONNRESET)$/);
    expect(await reason(id)).toContain('not ready within 2 s');
  });

  test("A32 a container named like another's id: the name is the name, and an id the id", async () => {
    const real = await host().docker(['create', '--name', 'real', ECHO]);
    await host().docker(['create', '--name', real.slice(0, 12), ECHO]);
    const { port } = await daemon().create(`url :0 trigger url :80 docker-ns ${real}`);
    expect(await echo(port, 'hello')).toBe('hello');
    expect(await host().pid(real)).toBeGreaterThan(0);
    const names = await host().docker(['ps', '--format', '{{.Names}}']);
    expect(names).toBe('real');
  });

  test('A32 renamed in flight: what was started is served, or refused; never is another one served for it', async () => {
    await host().docker(['create', '--name', 'db', ECHO, '80', '1000']);
    const { id, port } = await daemon().create('url :0 trigger url :80 docker-ns db');
    const served = echo(port, 'hello').catch((error: Error) => error.message);
    await until('it runs', async () => (await host().pid('db')) > 0);
    await host().docker(['rename', 'db', 'was-db']);
    expect(await served).toMatch(/^hello$|ended/);
    await daemon().sees(id, 'without a container of that name', ({ state }) => state !== 'up');
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
  });

  test('A32 labels that somebody else has set: such a container is neither taken nor removed', async () => {
    using of = new Belongings();
    const options = { of, flags: ['-H', ':7001'], env: { DOCKER_HOST: host().address } };
    const forged = (id: string, ...more: string[]): Promise<string> =>
      host().run({ image: ECHO, flags: ['-l', `dev.wormhole.id=${id}`, '-l', 'dev.wormhole.segment=0.0', ...more] });
    const strangers = [await forged('shop'), await forged('nobody', '-l', 'dev.wormhole.host=0123456789abcdef')];
    {
      await using before = await Daemon.start(options);
      const { port } = await before.create(['id', 'shop', 'url', ':0', 'trigger', 'url', ':80', 'docker-run', ECHO]);
      expect(await echo(port, 'hello')).toBe('hello');
      const [mine] = ((await detailOf(before, 'shop')).segments[0]?.containers ?? []).map(({ id }) => id);
      expect(strangers).not.toContain(mine);
      expect(await containersOf(host(), 'shop')).toEqual(expect.arrayContaining([mine, strangers[0]]));
    }
    await using after = await Daemon.start(options);
    await after.sees('shop', 'up', ({ state }) => state === 'up');
    await after.wormhole('delete', '--now', 'shop');
    expect(await containersOf(host(), 'shop')).toEqual([strangers[0]]);
    expect(await containersOf(host(), 'nobody')).toEqual([strangers[1]]);
  });
});
