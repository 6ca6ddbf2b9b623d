/**
 * Wormholes that real containers declare by labels.
 *
 *     client ─► 127.0.0.1:18080 ══ wormhole "web", by its label ══► container web's own 127.0.0.1:80
 */
import { afterEach, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { Daemon } from '../support/daemon.ts';
import { DockerHost, IMAGE } from '../support/docker-host.ts';
import { ask } from '../support/local.ts';
import { until } from '../support/relay-wait.ts';
import { ownEngine } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`labels.test.ts is skipped: ${missing}`);

const LABEL = 'dev.wormhole.create';
const QUESTION = 'GET /name HTTP/1.0\r\n\r\n';

describe.skipIf(missing !== undefined)('labels of containers', () => {
  const host = ownEngine();
  let daemon: Daemon | undefined;
  afterEach(async () => {
    await daemon?.[Symbol.asyncDispose]();
    daemon = undefined;
  });

  const begin = async (...flags: string[]): Promise<Daemon> => {
    daemon = await Daemon.start({ flags, env: { DOCKER_HOST: host().address } });
    return daemon;
  };
  /** A container that serves its name. */
  const serve = (name: string, labels: readonly string[], image = IMAGE): Promise<string> => {
    const flags = [
      'run',
      '--detach',
      '--stop-signal=KILL',
      `--name=${name}`,
      ...labels.map((label) => `--label=${label}`),
    ];
    const script = `echo ${name} >/tmp/name; exec httpd -f -h /tmp -p 127.0.0.1:80`;
    return host().docker([...flags, image, 'sh', '-c', script]);
  };
  const ids = async (): Promise<string[]> => {
    const { wormholes } = (await daemon?.get<{ wormholes: Wormhole[] }>('/v1/wormholes')) ?? { wormholes: [] };
    return wormholes.map(({ id }) => id);
  };
  const listed = (...expected: string[]) =>
    until(`there are ${expected.join(', ') || 'none'}`, async () => String((await ids()).sort()) === String(expected));

  test('are not looked at unless the settings say so', async () => {
    await begin();
    await serve('web', [`${LABEL}=url :18080 tail url :80`]);
    await host().sh('web', 'true');
    expect(await ids()).toEqual([]);
  });

  test('connect, through restarts and recreation, until the container is removed', async () => {
    await serve('web', [`${LABEL}=url :18080 tail url :80`]);
    await begin('--labels', 'loopback');
    await serve('shop', [`${LABEL}.page=url 127.0.0.2:18080 tail url :80`]);
    await listed('shop.page', 'web');
    await until('it serves', async () => (await ask(18_080, QUESTION).catch(() => '')).endsWith('web\n'));
    await host().docker(['restart', '--time=0', 'web']);
    await until('it serves again', async () => (await ask(18_080, QUESTION).catch(() => '')).endsWith('web\n'));
    await host().docker(['rm', '--force', 'web']);
    await listed('shop.page');
    await serve('web', [`${LABEL}=url :18080 tail url :80`]);
    await listed('shop.page', 'web');
    await until('the new one serves', async () => (await ask(18_080, QUESTION).catch(() => '')).endsWith('web\n'));
  });

  test('are not remembered, but read again', async () => {
    await serve('web', [`${LABEL}=url :18080 tail url :80`]);
    const { of } = await begin('--labels', 'loopback');
    await listed('web');
    await daemon?.stop();
    await using again = await Daemon.start({ of, env: { DOCKER_HOST: host().address } });
    expect(await again.get('/v1/wormholes')).toMatchObject({ wormholes: [] });
  });

  test('A27: of an image do nothing, in any container of it, whatever its tag means later', async () => {
    const change = ['--change', `LABEL ${LABEL}="url :18022 tail url :80" ${LABEL}.own="url :18023"`];
    const archive = await host().docker(['create', IMAGE]);
    await host().docker(['commit', ...change, archive, 'evil:1']);
    await begin('--labels', '0.0.0.0', '--labels', 'loopback');
    await serve('before', [], 'evil:1');
    await daemon?.logged("it is the image's own, and images command nothing");
    await host().docker(['tag', IMAGE, 'evil:1']);
    await host().docker(['restart', '--time=0', 'before']);
    await serve('after', [`${LABEL}.mine=url :18080 tail url :80`], 'evil:1');
    await listed('after.mine');
    await daemon?.stop();
    expect(daemon?.log).not.toContain('18022');
  });

  test('A32: do not take the id of somebody else’s wormhole, nor its port', async () => {
    await begin('--labels', 'loopback');
    await daemon?.create('id shop url :18080 tail url :9');
    await serve('shop', [`${LABEL}=url :18081`]);
    await serve('thief', [`${LABEL}=url :18080`]);
    await daemon?.logged('there is a wormhole shop');
    await until('the port is told of', () => daemon?.log.includes('"name":"thief"') === true);
    await host().docker(['rm', '--force', 'shop', 'thief']);
    await daemon?.wormhole('ls');
    const { wormholes } = (await daemon?.get<{ wormholes: Wormhole[] }>('/v1/wormholes')) ?? { wormholes: [] };
    expect(wormholes.map(({ id, spec }) => ({ id, spec }))).toEqual([
      { id: 'shop', spec: 'id shop url :18080 tail url :9' },
    ]);
  });
});
