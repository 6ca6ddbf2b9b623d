import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EngineApi } from '../../test/support/engine-api.ts';
import type { PullProgress } from './runner.ts';

const { signal } = new AbortController();
const silent = (): void => undefined;
const line = (said: object): string => `${JSON.stringify(said)}\r\n`;

describe('image', () => {
  test('tells labels and whether there is a health check', async () => {
    await using api = await EngineApi.start();
    const image = (Config: object) => api.say('GET /images/reg:5000/web:1/json', 200, { Id: 'sha256:1', Config });
    image({ Labels: { a: '1' }, Healthcheck: { Test: ['CMD', 'true'] } });
    expect(await api.engine.image('reg:5000/web:1', signal)).toEqual({
      id: 'sha256:1',
      labels: { a: '1' },
      healthcheck: true,
    });
    for (const Healthcheck of [undefined, {}, { Test: ['NONE'] }, { Test: [] }]) {
      image({ Labels: null, Healthcheck });
      expect(await api.engine.image('reg:5000/web:1', signal)).toMatchObject({ labels: {}, healthcheck: false });
    }
    expect(await api.engine.image('none', signal)).toBeUndefined();
  });

  test('what is no reference never reaches the engine', async () => {
    await using api = await EngineApi.start();
    for (const text of ['../containers/x', 'a?b', 'A', '']) {
      await expect(api.engine.image(text, signal)).rejects.toMatchObject({ code: 'WH_ERR_SPEC_INVALID' });
      await expect(api.engine.pull(text, undefined, silent, signal)).rejects.toMatchObject({
        code: 'WH_ERR_SPEC_INVALID',
      });
    }
    expect(api.asked).toEqual([]);
  });
});

describe('pull', () => {
  test('asks for one tag, by the platform given', async () => {
    await using api = await EngineApi.start();
    api.on('POST /images/create', (response) => response.end(line({ status: 'Status: Image is up to date' })));
    await api.engine.pull('web', undefined, silent, signal);
    await api.engine.pull('reg:5000/a/web:2', 'linux/arm64', silent, signal);
    expect(api.asked).toEqual([
      'POST /images/create?fromImage=web&tag=latest',
      'POST /images/create?fromImage=reg%3A5000%2Fa%2Fweb&tag=2&platform=linux%2Farm64',
    ]);
  });

  test('reports the first and the last of what was said, however it was cut', async () => {
    await using api = await EngineApi.start();
    const text = [
      line({ status: 'Pulling from web', id: 'latest' }),
      line({ status: 'Pulling fs layer', progressDetail: {}, id: 'a' }),
      line({ status: 'Already exists', progressDetail: {}, id: 'b' }),
      line({ status: 'Downloading', progressDetail: { current: 10, total: 90 }, id: 'a' }),
      line({ status: 'Pull complete', progressDetail: {}, id: 'a' }),
      JSON.stringify({ status: 'Status: Downloaded newer image for wéb' }),
    ].join('');
    api.on('POST /images/create', (response) => {
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
      response.end();
    });
    const seen: PullProgress[] = [];
    await api.engine.pull('web', undefined, (progress) => seen.push(progress), signal);
    expect(seen.at(-1)).toEqual({
      image: 'web',
      status: 'Pull complete',
      layersDone: 2,
      layersTotal: 2,
      bytesDone: 90,
      bytesTotal: 90,
    });
    expect(seen.length).toBeLessThan(20);
  });

  const manifest = 'manifest for web:9 not found: manifest unknown: manifest unknown';
  const denied = "pull access denied for web, repository does not exist or may require 'docker login'";
  const refused = 'Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused';
  test.each([
    ['by status', manifest, 404, 'WH_ERR_IMAGE_NOT_FOUND'],
    ['by status', denied, 404, 'WH_ERR_IMAGE_NOT_FOUND'],
    ['by status', 'unauthorized: authentication required', 500, 'WH_ERR_IMAGE_NOT_FOUND'],
    ['by status', 'Head "http://reg/v2/": no basic auth credentials', 500, 'WH_ERR_IMAGE_NOT_FOUND'],
    ['by status', refused, 500, 'WH_ERR_DOCKER_UNAVAILABLE'],
    ['in the end', manifest, 200, 'WH_ERR_IMAGE_NOT_FOUND'],
    ['in the end', 'write /var/lib/docker/tmp/x: no space left on device', 200, 'WH_ERR_DOCKER_UNAVAILABLE'],
    ['in the end', 'open /var/lib/docker: permission denied', 200, 'WH_ERR_DOCKER_UNAVAILABLE'],
  ])('a failure told %s: %s (%i) is %s', async (_, words, status, code) => {
    await using api = await EngineApi.start();
    const body = status === 200 ? line({ status: 'Pulling from web' }) + line({ error: words }) : { message: words };
    api.on('POST /images/create', (response) => {
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await expect(api.engine.pull('web:9', undefined, silent, signal)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/web:9.*: .*(unknown|denied|required|credentials|refused|device)/) as string,
    });
  });

  test('an image id is not asked of a registry', async () => {
    await using api = await EngineApi.start();
    const failure = api.engine.pull(`sha256:${'0'.repeat(64)}`, undefined, silent, signal);
    await expect(failure).rejects.toMatchObject({ code: 'WH_ERR_IMAGE_NOT_FOUND' });
    expect(api.asked).toEqual([]);
  });

  test('is given up when nothing comes any more, before or after the first word', async () => {
    await using api = await EngineApi.start({ stallMs: 50 });
    const stalled = { code: 'WH_ERR_DOCKER_UNAVAILABLE', message: expect.stringContaining('no progress') as string };
    api.on('POST /images/create', () => undefined);
    await expect(api.engine.pull('web', undefined, silent, signal)).rejects.toMatchObject(stalled);
    api.on('POST /images/create', (response) => response.write(line({ status: 'Waiting', id: 'a' })));
    await expect(api.engine.pull('web', undefined, silent, signal)).rejects.toMatchObject(stalled);
  });

  test('hangs up when its signal aborts, or with the engine object', async () => {
    await using api = await EngineApi.start();
    const given = new AbortController();
    const gone = new Promise<void>((resolve) => {
      api.on('POST /images/create', (response) => {
        response.on('close', resolve);
        response.write(line({ status: 'Waiting', id: 'a' }));
      });
    });
    const pulling = api.engine.pull('web', undefined, () => given.abort(), given.signal);
    await expect(pulling).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await gone;
    const closing = api.engine.pull('web', undefined, () => void api.engine[Symbol.asyncDispose](), signal);
    await expect(closing).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });

  test('an engine that hangs up in the middle has not pulled', async () => {
    await using api = await EngineApi.start();
    api.on('POST /images/create', (response) => {
      response.write(line({ status: 'Waiting', id: 'a' }), () => response.destroy());
    });
    await expect(api.engine.pull('web', undefined, silent, signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
    });
  });

  test('goes with the login that docker login left for that registry, and with none elsewhere', async () => {
    await using api = await EngineApi.start();
    const auth = Buffer.from('me:pass:word').toString('base64');
    writeFileSync(api.configPath, JSON.stringify({ auths: { 'reg:5000': { auth } } }));
    const given: Array<string | string[] | undefined> = [];
    api.on('POST /images/create', (response, request) => {
      given.push(request.headers['x-registry-auth']);
      response.end();
    });
    await api.engine.pull('reg:5000/web', undefined, silent, signal);
    await api.engine.pull('web', undefined, silent, signal);
    expect(JSON.parse(Buffer.from(String(given[0]), 'base64url').toString())).toEqual({
      serveraddress: 'reg:5000',
      username: 'me',
      password: 'pass:word',
    });
    expect(given[1]).toBeUndefined();
  });
});
