/** Images pulled from a real registry by a real engine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import type { PullProgress } from '../../src/docker/runner.ts';
import { DockerHost } from '../support/docker-host.ts';
import { LOGIN, Registry } from '../support/registry.ts';

const missing = Registry.missing();
if (missing !== undefined) console.log(`runner-pull.test.ts is skipped: ${missing}`);

const { signal } = new AbortController();
const silent = (): void => undefined;
const log = { warn: () => undefined, debug: () => undefined };
const layers = 3;
const bytes = 4_000_000;

describe.skipIf(missing !== undefined)('a pull from a real registry', () => {
  let host: DockerHost;
  let registry: Registry;
  let engine: DockerEngine;
  let reference: string;
  let config: string;
  beforeAll(async () => {
    host = await DockerHost.start();
    registry = await Registry.start(host);
    config = await mkdtemp(join(tmpdir(), 'wormhole-docker-config-'));
    engine = new DockerEngine({ log, env: { DOCKER_HOST: host.address, DOCKER_CONFIG: config } });
    reference = await registry.publish('shop/web:2', layers, bytes);
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    if (config !== undefined) await rm(config, { recursive: true });
  });

  const forget = (): Promise<string> => host.docker(['image', 'rm', '--force', reference]);
  const pull = (what: string, given: AbortSignal = signal, onProgress: (progress: PullProgress) => void = silent) =>
    engine.pull(what, undefined, onProgress, given);

  test('brings the image, and tells how far it is', async () => {
    await forget();
    expect(await engine.image(reference, signal)).toBeUndefined();
    const seen: PullProgress[] = [];
    await pull(reference, signal, (progress) => seen.push(progress));
    expect(await engine.image(reference, signal)).toMatchObject({ id: expect.stringMatching(/^sha256:/) as string });
    const last = seen.at(-1);
    // The layer below them is here already: other images have it.
    expect(last).toMatchObject({ image: reference, layersDone: layers + 1, layersTotal: layers + 1 });
    expect(last?.bytesTotal).toBeGreaterThanOrEqual(layers * bytes);
    expect(last?.bytesDone).toBe(last?.bytesTotal);
    expect(seen.length).toBeGreaterThan(1);
    for (const [index, { bytesDone }] of seen.entries()) {
      expect(bytesDone).toBeGreaterThanOrEqual(seen[index - 1]?.bytesDone ?? 0);
    }
  });

  test('is quick when the image is here', async () => {
    const seen: PullProgress[] = [];
    await pull(reference, signal, (progress) => seen.push(progress));
    expect(seen.at(-1)?.status).toContain('up to date');
  });

  test('of a tag, a name or a platform that the registry does not have', async () => {
    const none = { code: 'WH_ERR_IMAGE_NOT_FOUND' };
    await expect(pull(`${registry.address}/shop/web:9`)).rejects.toMatchObject({
      ...none,
      message: expect.stringContaining('shop/web:9') as string,
    });
    await expect(pull(`${registry.address}/none`)).rejects.toMatchObject(none);
    await expect(pull(`${registry.address}/shop/web@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject(none);
  });

  test('ends when it is given up in the middle, and works the next time', async () => {
    await forget();
    registry.freeze();
    const given = new AbortController();
    setTimeout(() => given.abort(), 200);
    await expect(pull(reference, given.signal)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await registry.resume();
    const impatient = new AbortController();
    const aborting = pull(reference, impatient.signal, () => impatient.abort());
    await expect(aborting).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await pull(reference);
    expect(await engine.image(reference, signal)).toBeDefined();
  });

  test('from a registry that is silent is given up, from one that is down refused, both with the reason', async () => {
    await forget();
    registry.freeze();
    await using hasty = new DockerEngine({ log, env: { DOCKER_HOST: host.address }, stallMs: 300 });
    await expect(hasty.pull(reference, undefined, silent, signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
      message: expect.stringContaining('no progress') as string,
    });
    await registry.resume();
    await registry.stop();
    await expect(pull(reference)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
      message: expect.stringMatching(/web:2.*connection refused/) as string,
    });
    await registry.resume();
    await pull(reference);
  });

  test('from a registry that wants a login goes with that of docker login, and not without', async () => {
    await registry.stop();
    await using closed = await Registry.start(host, { login: true });
    const login = async (password: string): Promise<void> => {
      const auth = Buffer.from(`${LOGIN.username}:${password}`).toString('base64');
      await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [closed.address]: { auth } } }));
    };
    await expect(pull(`${closed.address}/private:1`)).rejects.toMatchObject({ code: 'WH_ERR_IMAGE_NOT_FOUND' });
    await login('guessed');
    const failure = (await pull(`${closed.address}/private:1`).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ code: 'WH_ERR_IMAGE_NOT_FOUND' });
    expect(failure.message).not.toContain('guessed');
    await login(LOGIN.password);
    await host.docker(['--config', config, 'tag', 'wormhole/test', `${closed.address}/private:1`]);
    await host.docker(['--config', config, 'push', '--quiet', `${closed.address}/private:1`]);
    await host.docker(['image', 'rm', `${closed.address}/private:1`]);
    await pull(`${closed.address}/private:1`);
    expect(await engine.image(`${closed.address}/private:1`, signal)).toBeDefined();
  });
});
