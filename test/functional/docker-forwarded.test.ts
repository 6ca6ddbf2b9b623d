/**
 * Docker's command line in a host without an engine, and an engine of another host that listens on its loopback only.
 *
 *     client: docker ──► 127.0.0.1:10001 ── … ──► docker: 127.0.0.1:2375
 *
 * Carried by socat in the clear: what the session itself needs of whoever carries it.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';
import { dockerSession } from '../support/docker-session.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { until } from '../support/relay-wait.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`docker-forwarded.test.ts is skipped: ${missing}`);

describe.skipIf(missing !== undefined)('docker over forwarded connections', () => {
  let world: Hosts & { readonly client: Host; readonly docker: Host };
  beforeAll(async () => {
    const engine = 'tcp://127.0.0.1:2375';
    world = await Hosts.start({ hosts: { client: { down: true }, docker: { engine, down: true } } });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  describe('socat', () => {
    beforeAll(async () => {
      const { client, docker } = world;
      docker.start(['socat', 'TCP-LISTEN:18000,fork,reuseaddr', 'TCP:127.0.0.1:2375']);
      client.start(['socat', 'TCP-LISTEN:10001,bind=127.0.0.1,fork,reuseaddr', `TCP:${docker.site.v4}:18000`]);
      await until('the engine answers over there', async () => {
        const env = { DOCKER_HOST: 'tcp://127.0.0.1:10001' };
        return (await client.run(['docker', 'version'], { env })).code === 0;
      });
    });
    dockerSession(() => ({ client: world.client, address: 'tcp://127.0.0.1:10001' }));
  });
});
