/**
 * Docker's command line in a host without an engine, and an engine of another host that listens on its loopback only.
 *
 *     client: docker ──► 127.0.0.1:10001 ── … (ssh through gate) … ──► docker: 127.0.0.1:2375
 *
 * Carried by socat in the clear: what the session itself needs of whoever carries it. Then by `wormhole forward`, which is
 * tcp-warp's use case: https://github.com/tcp-warp/tcp-warp, "Docker behind SSH".
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';
import { dockerSession } from '../support/docker-session.ts';
import { Forwarding } from '../support/forwarding.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { until } from '../support/relay-wait.ts';
import { forwardBySsh, missingSsh } from '../support/ssh.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`docker-forwarded.test.ts is skipped: ${missing}`);
const noSsh = missingSsh();
if (noSsh !== undefined) console.log(`docker-forwarded.test.ts is partly skipped: ${noSsh}`);

describe.skipIf(missing !== undefined)('docker over forwarded connections', () => {
  let world: Hosts & { readonly client: Host; readonly gate: Host; readonly docker: Host };
  beforeAll(async () => {
    const engine = 'tcp://127.0.0.1:2375';
    world = await Hosts.start({
      hosts: { client: { down: true }, gate: { down: true }, docker: { engine, down: true } },
    });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  describe('socat', () => {
    beforeAll(async () => {
      const { client, docker } = world;
      // -t: its half second after the end of one direction is too short for the other on a busy machine.
      docker.start(['socat', '-t60', 'TCP-LISTEN:18000,fork,reuseaddr', 'TCP:127.0.0.1:2375']);
      client.start(['socat', '-t60', 'TCP-LISTEN:10001,bind=127.0.0.1,fork,reuseaddr', `TCP:${docker.site.v4}:18000`]);
      await until('the engine answers over there', async () => {
        const env = { DOCKER_HOST: 'tcp://127.0.0.1:10001' };
        return (await client.run(['docker', 'version'], { env })).code === 0;
      });
    });
    dockerSession(() => ({ client: world.client, address: 'tcp://127.0.0.1:10001' }));
  });

  describe('forward', () => {
    let forwarding: Forwarding;
    beforeAll(async () => {
      await world.docker.up();
      forwarding = await Forwarding.start(world.client, '-t docker -c 10002:127.0.0.1:2375');
    });
    afterAll(() => forwarding?.[Symbol.asyncDispose]());
    describe('F41 F44 F46', () => dockerSession(() => ({ client: world.client, address: 'tcp://127.0.0.1:10002' })));

    test('F41 a further port leads to the loopback of a container that publishes none', async () => {
      const { client, docker } = world;
      const serve = ['busybox', 'httpd', '-f', '-p', '127.0.0.1:80', '-h', '/'];
      const id = await docker.engine.run({ name: 'whoami', command: serve });
      await using further = await Forwarding.start(client, '-t docker -c 8080:container/whoami:80');
      const fetched = ['busybox', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/etc/hostname'];
      expect(await client.run(fetched)).toMatchObject({ code: 0, stdout: `${id.slice(0, 12)}\n` });
      await docker.engine.docker(['stop', '-t', '0', 'whoami']);
      await further.logged('8080:container/whoami:80 is waiting there');
      await docker.engine.clear();
    });

    describe.skipIf(noSsh !== undefined)('to a host that SSH alone leads to, ssh -L 18001:docker:9999 gate', () => {
      let behind: Forwarding;
      let ssh: AsyncDisposable;
      beforeAll(async () => {
        ssh = await forwardBySsh(world.client, world.gate, '18001:docker:9999');
        behind = await Forwarding.start(world.client, '-t 127.0.0.1:18001 -c 10003:127.0.0.1:2375');
      });
      afterAll(async () => {
        await behind?.[Symbol.asyncDispose]();
        await ssh?.[Symbol.asyncDispose]();
      });
      dockerSession(() => ({ client: world.client, address: 'tcp://127.0.0.1:10003' }));
    });
  });
});
