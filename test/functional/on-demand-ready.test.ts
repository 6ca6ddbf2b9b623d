/**
 * When a started container is taken to be ready: what `ready` says, and a HEALTHCHECK by itself.
 *
 * Each service listens at once and becomes ready a moment later; a client that is let through too early sees it.
 */
import { describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { echo, fate, onDemandHost, statesOf } from '../support/on-demand-host.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a container is ready', () => {
  const { host, daemon } = onDemandHost();

  /** A shell script in a container, behind a trigger. */
  const create = (flags: string, script: string, ...options: string[]) =>
    daemon().create(
      'url :0 trigger url :80 docker-run'.split(' ').concat(`${flags} --entrypoint sh ${ECHO} -c '${script}'`, options),
    );
  const reason = async (id: string): Promise<string> =>
    (await daemon().sees(id, 'failed', ({ state }) => state === 'failed')).reason;
  /** A client comes and hears nothing, though the service listens, until `command` has been run in the container. */
  const heldBack = async ({ id, port }: { id: string; port: number }, command: string): Promise<void> => {
    const answer = echo(port, 'hello');
    await until('it runs', async () => (await statesOf(host(), id)).join() === 'running');
    const nothing = new Promise((resolve) => setTimeout(resolve, 300, 'nothing'));
    expect(await Promise.race([answer, nothing])).toBe('nothing');
    await host().sh((await ids(id)).join(), command);
    expect(await answer).toBe('hello');
  };

  test('when its page answers, with ready http', async () => {
    const script = 'mkdir -p /www; httpd -p 8080 -h /www; exec service 80';
    await heldBack(await create('', script, 'ready', 'http:8080/health'), 'touch /www/health');
  });

  test('when its HEALTHCHECK passes, without a word about it', async () => {
    const health = '--health-cmd "test -e /tmp/well" --health-interval 200ms';
    const { id, port } = await create(health, 'service 80 & usleep 700000; touch /tmp/well; wait');
    expect(await echo(port, 'hello')).toBe('hello');
    const status = await host().docker(['inspect', '--format', '{{.State.Health.Status}}', ...(await ids(id))]);
    expect(status).toBe('healthy');
  });

  test('when it says so, with ready log; what an earlier run said does not count', async () => {
    const says = 'until test -e /tmp/go; do usleep 20000; done; rm /tmp/go; echo "2 workers ready"';
    const made = await create('--stop-timeout 0', `service 80 & ${says}; wait`, 'ready', 'log:\\d workers ready');
    await heldBack(made, 'touch /tmp/go');
    await host().docker(['kill', ...(await ids(made.id))]);
    await daemon().sees(made.id, 'idle', ({ state }) => state === 'idle');
    await heldBack(made, 'touch /tmp/go');
  });

  test('at once, with ready none: the connection itself is tried again until it is taken', async () => {
    const script = 'while ! test -e /tmp/go; do usleep 20000; done; exec service 80';
    const { id, port } = await create('', script, 'ready', 'none');
    const early = echo(port, 'early');
    await daemon().sees(id, 'taken to be ready', ({ state }) => state === 'up');
    await host().sh((await ids(id)).join(), 'touch /tmp/go');
    expect(await early).toBe('early');
  });

  test('never, when its HEALTHCHECK fails: that is the reason', async () => {
    const health = '--health-cmd false --health-interval 100ms --health-retries 1';
    const { id, port } = await create(health, 'exec service 80', 'timeout', '20s');
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    expect(await reason(id)).toMatch(/health|unhealthy/i);
  });

  test('never within its timeout, which counts from trigger to ready', async () => {
    const { id, port } = await create('', 'exec service 80', 'ready', 'log:never said', 'timeout', '2s');
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    expect(await reason(id)).toContain('not ready within 2 s');
  });

  async function ids(id: string): Promise<string[]> {
    return (await host().docker(['ps', '--all', '--quiet', '--filter', `label=dev.wormhole.id=${id}`])).split('\n');
  }
});
