/** The private Docker host itself: it starts, runs containers, and leaves nothing behind. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

test.skipIf(missing !== undefined)('a private Docker host runs containers and leaves nothing behind', async () => {
  const host = await DockerHost.start();
  const { directory, namespace } = host;
  try {
    await host.run({ name: 'web' });
    expect(await host.pid('web')).toBeGreaterThan(1);
    await host.stopEngine();
    await host.startEngine();
    expect(await host.pid('web')).toBe(0);
    await host.docker(['start', 'web']);
    expect(await host.sh('web', 'cat /etc/hostname')).not.toBe('');
  } finally {
    await host[Symbol.asyncDispose]();
  }
  expect(existsSync(directory)).toBe(false);
  expect(readdirSync('/run/netns')).not.toContain(namespace);
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(directory);
});
