/**
 * An engine that is away when it is needed: connections hear so, and what could not be removed is removed later.
 *
 *     client ──► wormholed ──► dockerd (stopped, started)
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Belongings, Daemon } from '../support/daemon.ts';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { containersOf, echo, engineWithEcho, fate, onFirstConnection, timesOf } from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('an engine that is away', () => {
  const host = engineWithEcho();
  let env: { readonly DOCKER_HOST: string };
  beforeAll(() => {
    env = { DOCKER_HOST: host().address };
  });

  test('a wormhole that is deleted while there is no engine: its container is removed when the daemon starts again', async () => {
    using of = new Belongings();
    {
      await using daemon = await Daemon.start({ of, env });
      const { port } = await daemon.create(onFirstConnection('orphan', `--restart always ${ECHO}`));
      const kept = await daemon.create(onFirstConnection('kept', `--restart always ${ECHO}`));
      expect(await echo(port, 'hello')).toBe('hello');
      expect(await echo(kept.port, 'hello')).toBe('hello');
      await host().stopEngine();
      expect((await daemon.wormhole('delete', 'orphan')).code).toBe(0);
      await daemon.stop();
    }
    await host().startEngine();
    expect(await containersOf(host(), 'orphan')).toHaveLength(1);
    await using _daemon = await Daemon.start({ of, env });
    await until('it is removed', async () => (await containersOf(host(), 'orphan')).length === 0);
    expect(await containersOf(host(), 'kept')).toHaveLength(1);
  });

  test('while the daemon starts: connections are closed and served when it is there, and orphans are removed then', async () => {
    using of = new Belongings();
    let port = 0;
    {
      await using daemon = await Daemon.start({ of, env });
      ({ port } = await daemon.create(onFirstConnection('late')));
      expect(await echo(port, 'hello')).toBe('hello');
      expect(await echo((await daemon.create(onFirstConnection('forgotten'))).port, 'hello')).toBe('hello');
      await host().stopEngine();
      await daemon.wormhole('delete', 'forgotten');
      await daemon.stop();
    }
    await using daemon = await Daemon.start({ of, env });
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    expect((await daemon.sees('late', 'failed', ({ state }) => state === 'failed')).reason).toContain('docker');
    await host().startEngine();
    await until('a connection is served', async () => (await echo(port, 'again').catch(() => '')) === 'again');
    await until('the orphan is removed', async () => (await containersOf(host(), 'forgotten')).length === 0);
    expect(await timesOf(host(), 'late', 'create')).toBeLessThanOrEqual(1);
    expect(await containersOf(host(), 'late')).toHaveLength(1);
  });
});
