import { describe, expect, test } from 'vitest';
import { EngineApi } from '../../test/support/engine-api.ts';

const { signal } = new AbortController();
const id = 'ab'.repeat(32);
const at = `/containers/${id}`;
const recipe = {
  image: 'web:1',
  name: 'web',
  pull: 'missing',
  body: { Env: ['PASSWORD=hunter22', 'SHORT=no'] },
} as const;

const inspected = (more: object = {}, config: object = {}) => ({
  Id: id,
  Name: '/web',
  Created: '2026-01-01T00:00:00Z',
  State: { Status: 'exited', Running: false, Pid: 0, ExitCode: 1, OOMKilled: false, Error: '', ...more },
  HostConfig: { NetworkMode: 'none' },
  Config: { Image: 'web:1', Labels: null, Env: recipe.body.Env, ...config },
});

describe('create', () => {
  test('sends name and platform in the address, the rest in the body, our labels over its own', async () => {
    await using api = await EngineApi.start();
    let sent = '';
    api.on('POST /containers/create', (response, _, body) => {
      sent = body;
      response.writeHead(201).end(JSON.stringify({ Id: id }));
    });
    const body = { ...recipe.body, Labels: { a: 'theirs', b: 'theirs' } };
    const asked = { ...recipe, platform: 'linux/arm64', body };
    expect(await api.engine.create(asked, { a: 'ours' }, signal)).toBe(id);
    expect(api.asked).toEqual(['POST /containers/create?name=web&platform=linux%2Farm64']);
    expect(JSON.parse(sent)).toEqual({ Env: recipe.body.Env, Labels: { a: 'ours', b: 'theirs' } });
  });

  test.each([
    [404, 'No such image: web:1', 'WH_ERR_IMAGE_NOT_FOUND'],
    [404, 'no such image: web:1: image not known', 'WH_ERR_IMAGE_NOT_FOUND'],
    [404, 'volume plugin "x" not found', 'WH_ERR_CONTAINER_FAILED'],
    [409, 'Conflict. The container name "/web" is already in use by container "1".', 'WH_ERR_CONTAINER_EXISTS'],
    [500, 'creating container storage: the container name "web" is already in use', 'WH_ERR_CONTAINER_EXISTS'],
    [400, 'invalid memory swappiness', 'WH_ERR_CONTAINER_FAILED'],
    [500, 'no space left on device', 'WH_ERR_CONTAINER_FAILED'],
    [301, 'moved', 'WH_ERR_CONTAINER_FAILED'],
  ])('%i "%s" is %s, with the words of the engine', async (status, words, code) => {
    await using api = await EngineApi.start();
    api.say('POST /containers/create', status, words);
    const failure: unknown = await api.engine.create(recipe, {}, signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(words) as string });
    expect((failure as Error).message).toContain('web');
  });

  test('does not repeat the values of an environment that the engine repeats, anywhere in the error', async () => {
    await using api = await EngineApi.start();
    api.say('POST /containers/create', 400, `bad\u001b[31m thing: "PASSWORD=hunter22" ${'x'.repeat(5000)}`);
    const failure = (await api.engine.create(recipe, {}, signal).catch((error: unknown) => error)) as Error;
    expect(failure.message).toContain('"PASSWORD=[redacted]"');
    expect(failure.cause).toBeUndefined();
    expect(failure.message.length).toBeLessThan(1000);
    expect(failure.message).not.toContain('\u001b');
  });

  test('an answer without an id, or without sense, is the fault of the engine', async () => {
    await using api = await EngineApi.start();
    for (const body of ['{}', '<html>', '', 'null', '{"Id":7}']) {
      api.on('POST /containers/create', (response) => response.writeHead(201).end(body));
      await expect(api.engine.create(recipe, {}, signal)).rejects.toMatchObject({ code: 'WH_ERR_DOCKER_UNAVAILABLE' });
    }
  });
});

describe('start', () => {
  test('is done when it was running', async () => {
    await using api = await EngineApi.start();
    api.say(`POST ${at}/start`, 304);
    await api.engine.start(id, signal);
  });

  test('a container that is gone is not a network that is missing', async () => {
    await using api = await EngineApi.start();
    api.say(`POST ${at}/start`, 404, `No such container: ${id}`);
    await expect(api.engine.start(id, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    api.say(`POST ${at}/start`, 404, 'network backend not found').say(`GET ${at}/json`, 200, inspected());
    await expect(api.engine.start(id, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: 'the container web does not start: network backend not found',
    });
  });

  test('does not repeat the values of the environment of the container', async () => {
    await using api = await EngineApi.start();
    api.say(`POST ${at}/start`, 400, 'exec: "hunter22": not found').say(`GET ${at}/json`, 200, inspected());
    await expect(api.engine.start(id, signal)).rejects.toThrow('exec: "[redacted]": not found');
    api.say(`GET ${at}/json`, 200, inspected({ Error: 'no hunter22 here' }));
    expect(await api.engine.inspect(id, signal)).toMatchObject({ error: 'no [redacted] here' });
  });
});

describe('stop', () => {
  test.each([
    [204, ''],
    [304, ''],
    [404, 'No such container: x'],
    [404, 'no container with name or ID "x" found: no such container'],
  ])('is done with %i %s', async (status, words) => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected()).say(`POST ${at}/stop`, status, words);
    await api.engine.stop(id, signal);
    expect(api.asked.at(-1)).toBe(`POST ${at}/stop`);
  });

  test('asks nothing more of one that is gone', async () => {
    await using api = await EngineApi.start();
    await api.engine.stop(id, signal);
    expect(api.asked).toEqual([`GET ${at}/json`]);
  });

  test('is not bound by the time that other calls have, but by its signal', async () => {
    await using api = await EngineApi.start({ timeoutMs: 1000, actionMs: 1 });
    const given = new AbortController();
    api.say(`GET ${at}/json`, 200, inspected({}, { StopTimeout: 3600 }));
    api.on(`POST ${at}/stop`, (response) => setTimeout(() => response.writeHead(204).end(), 50));
    await api.engine.stop(id, signal);
    api.on(`POST ${at}/stop`, () => given.abort());
    await expect(api.engine.stop(id, given.signal)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });
});

describe('pause, unpause and remove', () => {
  test('are done when it was so before', async () => {
    await using api = await EngineApi.start();
    api.say(`POST ${at}/pause`, 409, `Container ${id} is already paused`);
    api.say(`POST ${at}/unpause`, 500, `Container ${id} is not paused`);
    await api.engine.pause(id, signal);
    await api.engine.unpause(id, signal);
    await api.engine.remove(id, signal);
    expect(api.asked.at(-1)).toBe(`DELETE ${at}?force=true&v=true`);
  });

  test('remove waits for a removal that is under way', async () => {
    await using api = await EngineApi.start();
    let looks = 0;
    api.say(`DELETE ${at}`, 409, `removal of container ${id} is already in progress`);
    api.on(`GET ${at}/json`, (response) => {
      looks += 1;
      if (looks < 3) response.writeHead(200).end(JSON.stringify(inspected()));
      else response.writeHead(404).end('{"message":"No such container"}');
    });
    await api.engine.remove(id, signal);
    expect(looks).toBe(3);
  });

  test('say what the engine says when it refuses', async () => {
    await using api = await EngineApi.start();
    api.say(`POST ${at}/pause`, 500, 'cannot freeze').say(`DELETE ${at}`, 500, 'device busy');
    const failed = { code: 'WH_ERR_CONTAINER_FAILED' };
    await expect(api.engine.pause(id, signal)).rejects.toMatchObject(failed);
    await expect(api.engine.remove(id, signal)).rejects.toMatchObject(failed);
    await expect(api.engine.unpause(id, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
  });
});

describe('every call', () => {
  test('ends with its time, and with its signal for whatever reason that aborted', async () => {
    await using api = await EngineApi.start({ actionMs: 30 });
    api.on(`POST ${at}/start`, () => undefined);
    await expect(api.engine.start(id, signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
      detail: { reason: 'TIMEOUT' },
    });
    const given = new AbortController();
    api.on(`GET ${at}/json`, () => given.abort(new DOMException('too late for the caller', 'TimeoutError')));
    await expect(api.engine.inspect(id, given.signal)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });

  test('leaves nothing on a signal that lives on', async () => {
    await using api = await EngineApi.start();
    const { signal: months } = new AbortController();
    let added = 0;
    const [add, remove] = [months.addEventListener.bind(months), months.removeEventListener.bind(months)];
    months.addEventListener = (...words: Parameters<typeof add>) => {
      added += 1;
      add(...words);
    };
    months.removeEventListener = (...words: Parameters<typeof remove>) => {
      added -= 1;
      remove(...words);
    };
    api.say(`POST ${at}/start`, 204).say(`GET ${at}/json`, 200, inspected());
    api.on(`GET ${at}/logs`, (response) => response.writeHead(200).end());
    api.on('POST /images/create', (response) => response.writeHead(200).end());
    await api.engine.start(id, months);
    await api.engine.inspect(id, months);
    for await (const _ of api.engine.logs(id, '', months));
    await api.engine.pull('web', undefined, () => undefined, months);
    await api.engine.create(recipe, {}, months).catch(() => undefined);
    expect(added).toBe(0);
  });

  test('a redirect to anywhere is an answer like another, and brings nobody down', async () => {
    await using api = await EngineApi.start();
    for (const location of ['ftp://elsewhere/', 'nonsense', 'http://127.0.0.1:1/', '/containers']) {
      api.on(`GET ${at}/json`, (response) => response.writeHead(301, { location }).end('{"message":"go away"}'));
      await expect(api.engine.inspect(id, signal)).rejects.toThrow('go away');
    }
  });

  test('an engine that hangs up in the middle of an answer', async () => {
    await using api = await EngineApi.start({ timeoutMs: 2 ** 30 });
    api.on(`GET ${at}/json`, (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"Id":', () => response.destroy());
    });
    await expect(api.engine.inspect(id, signal)).rejects.toThrow('hung up in the middle');
  });
});
