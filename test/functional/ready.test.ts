/**
 * Readiness of real containers, each probe from where the daemon would look.
 *
 *     daemon's namespace ── setns ──► container "slow" (--network none: only its own loopback)
 */
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { untilReady } from '../../src/daemon/activator/ready/ready.ts';
import type { ProbeTarget, Ready } from '../../src/daemon/activator/ready/target.ts';
import { resolvePlace } from '../../src/daemon/places/resolve.ts';
import { parseProbe } from '../../src/spec/probe.ts';
import { until } from '../support/command.ts';
import { DockerHost } from '../support/docker-host.ts';
import { ownRunner } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`ready.test.ts is skipped: ${missing}`);

const { signal } = new AbortController();
const wait = 'while ! cat /tmp/go; do sleep 0.05; done 2>/dev/null';

describe.skipIf(missing !== undefined)('a container is ready', () => {
  const { host, engine } = ownRunner();

  /** Runs `script`, which waits for /tmp/go, in a container without a network. @returns also why it was not ready at once */
  async function readyOf(
    probe: string,
    script: string,
    facts: Partial<ProbeTarget> = {},
    flags: readonly string[] = [],
  ) {
    await host().run({ name: 'slow', network: 'none', flags, command: ['sh', '-c', script] });
    using place = await resolvePlace({ kind: 'container', container: 'slow' }, { engine: engine() }, signal);
    const { id: container = '', startedAt = '' } = place.container ?? {};
    const reasons: string[] = [];
    const onWaiting = (reason: string): void => void reasons.push(reason);
    const local = { protocol: 'tcp', host: '127.0.0.1', port: 8080 } as const;
    const target: ProbeTarget = { place, container, startedAt, ...local, onWaiting, ...facts };
    const ready = untilReady(parseProbe(probe), target, engine(), signal);
    await until('it was found not ready', () => reasons.length > 0);
    await host().sh('slow', 'echo >/tmp/go');
    return { ready: await ready, reasons };
  }

  test('when its port accepts, and the connection is the first client’s', async () => {
    const { ready, reasons } = await readyOf(
      'tcp',
      `${wait}; echo page >/tmp/index.html; exec httpd -f -h /tmp -p 127.0.0.1:8080`,
    );
    expect(reasons).toEqual(['127.0.0.1:8080: ECONNREFUSED']);
    expect(await page(ready)).toMatch(/^HTTP\/1\.[01] 200 OK\r\n[\s\S]*\r\n\r\npage\n$/);
  });

  test('when it accepts at a name that it has itself', async () => {
    const { ready } = await readyOf('tcp', `${wait}; exec httpd -f -p 127.0.0.1:8080`, { host: 'localhost' });
    expect(ready.socket?.open).toBe(true);
    ready.socket?.[Symbol.dispose]();
  });

  test('when its page is there', async () => {
    const script = `${wait}; httpd -h /tmp -p 127.0.0.1:8080; sleep 0.2; echo ok >/tmp/health; sleep 99`;
    const { reasons } = await readyOf('http:8080/health', script, { port: 1 });
    expect(reasons.at(-1)).toBe('http://127.0.0.1:8080/health: status 404');
  });

  test('when its log says so', async () => {
    const script = `echo starting; ${wait}; echo ready for connections >&2; sleep 99`;
    const { reasons } = await readyOf('log:^ready for (start|connections)$', script);
    expect(reasons).toHaveLength(1);
  });

  test('when its HEALTHCHECK passes', async () => {
    const flags = ['--health-cmd=test -e /tmp/go', '--health-interval=100ms'];
    const { reasons } = await readyOf('health', 'sleep 99', {}, flags);
    expect(reasons).toEqual(['the HEALTHCHECK of container slow has not passed yet']);
  });

  test('never, when it ends', async () => {
    await expect(readyOf('log:never', `echo bad option; ${wait}; exit 3`)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: expect.stringContaining('exit code 3') as string,
    });
  });
});

/** What a server answers to a request over the probe's own connection. */
async function page({ socket }: Ready): Promise<string> {
  if (socket === undefined) throw new Error('no connection');
  const client = new Socket({ fd: socket.release(), allowHalfOpen: true });
  client.setEncoding('utf8').end('GET /index.html HTTP/1.0\r\n\r\n');
  let text = '';
  for await (const chunk of client) text += String(chunk);
  return text;
}
