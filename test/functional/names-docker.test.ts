/**
 * Names as a container resolves them, with Docker's own resolver and with hostile files.
 *
 *     app ──┬── user network "shop" (127.0.0.11 answers for its members)
 *     db  ──┘                                 evil: may mount, so it can put anything at /etc/hosts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveInPlace } from '../../src/daemon/names/resolve.ts';
import { resolvePlace } from '../../src/daemon/places/resolve.ts';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import type { NamespaceRef } from '../../src/spec/plan.ts';
import { DockerHost } from '../support/docker-host.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const log = { warn: () => undefined, debug: () => undefined };
const { signal } = new AbortController();
const unresolved = { code: 'WH_ERR_NAME_NOT_RESOLVED' };

describe.skipIf(missing !== undefined)('names in containers', () => {
  let host: DockerHost;
  let engine: DockerEngine;

  beforeAll(async () => {
    host = await DockerHost.start();
    engine = new DockerEngine({ log, env: { DOCKER_HOST: host.address } });
    await host.docker(['network', 'create', 'shop']);
    await host.run({
      name: 'app',
      network: 'shop',
      flags: ['--add-host=legacy:10.9.8.7', '--dns-opt=timeout:1', '--dns-opt=attempts:1'],
    });
    await host.run({ name: 'db', network: 'shop', flags: ['--network-alias=mysql'] });
    await host.run({ name: 'lonely', network: 'none' });
    await host.run({ name: 'evil', network: 'none', flags: ['--cap-add=SYS_ADMIN', '--cap-add=MKNOD'] });
    await host.sh('evil', 'umount /etc/hosts');
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  async function resolve(name: string, where: string | NamespaceRef) {
    const ref: NamespaceRef = typeof where === 'string' ? { kind: 'container', container: where } : where;
    using place = await resolvePlace(ref, { engine }, signal);
    return await resolveInPlace(name, place, signal);
  }

  test("a neighbour on the user network, by name and alias, from Docker's own server", async () => {
    const address = await host.docker(['inspect', '--format', '{{.NetworkSettings.Networks.shop.IPAddress}}', 'db']);
    for (const name of ['db', 'mysql', 'DB', 'db.']) {
      const answer = await resolve(name, 'app');
      expect(answer.addresses).toEqual([address]);
      expect(answer.validForMs).toBeGreaterThanOrEqual(1000);
      expect(answer.validForMs).toBeLessThanOrEqual(30_000);
    }
  });

  test("a container's own hosts file, and nobody else's", async () => {
    expect((await resolve('legacy', 'app')).addresses).toEqual(['10.9.8.7']);
    await expect(resolve('legacy', 'lonely')).rejects.toMatchObject(unresolved);
  });

  test('a name that nobody knows, and a container without a network', async () => {
    await expect(resolve('db', 'lonely')).rejects.toMatchObject({
      ...unresolved,
      message: expect.stringMatching(/^db does not resolve in lonely: \w+ \(asked /) as string,
    });
    await expect(resolve('nobody.', 'app')).rejects.toMatchObject(unresolved);
  });

  test('A31: a container does not influence how the host, or another container, resolves', async () => {
    await host.sh('evil', 'echo 6.6.6.6 victim > /etc/hosts');
    expect((await resolve('victim', 'evil')).addresses).toEqual(['6.6.6.6']);
    await expect(resolve('victim', { kind: 'netns', name: host.namespace })).rejects.toMatchObject(unresolved);
    await expect(resolve('victim', 'lonely')).rejects.toMatchObject(unresolved);
  });

  test('A31: a FIFO or a device for a hosts file neither blocks nor is opened', async () => {
    await host.sh('evil', 'rm -f /etc/hosts; mkfifo /etc/hosts');
    await expect(resolve('victim', 'evil')).rejects.toMatchObject(unresolved);
    await host.sh('evil', 'rm -f /etc/hosts; mknod /etc/hosts c 1 5'); // /dev/zero
    await expect(resolve('victim', 'evil')).rejects.toMatchObject(unresolved);
  });

  test("A33: a symlink leads to the container's file of that name, never to the host's", async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wormhole-outside-'));
    try {
      const outside = join(directory, 'hosts');
      writeFileSync(outside, '6.6.6.6 victim\n');
      for (const target of [
        outside,
        `../../../../../..${outside}`,
        `/proc/1/root${outside}`,
        `/proc/self/root${outside}`,
      ]) {
        await host.sh('evil', `ln -sf ${target} /etc/hosts`);
        await expect(resolve('victim', 'evil')).rejects.toMatchObject(unresolved);
      }
      await host.sh('evil', `mkdir -p ${directory}; echo 10.0.0.1 victim > ${outside}; ln -sf ${outside} /etc/hosts`);
      expect((await resolve('victim', 'evil')).addresses).toEqual(['10.0.0.1']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
