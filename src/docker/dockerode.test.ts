import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DockerEngine } from './dockerode.ts';

const { signal } = new AbortController();
const id = 'ab'.repeat(32);

/** An engine's API with what a test puts into it. */
let server: Server;
let directory: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let warned: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wormhole-engine-'));
  warned = [];
  server = createServer((request, response) => answer(request, response));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

const socketPath = (): string => join(directory, 'docker.sock');
const log = { warn: (_: object, message: string) => void warned.push(message), debug: () => undefined };

function engineAt(address = `unix://${socketPath()}`, timeoutMs = 2 ** 30): DockerEngine {
  return new DockerEngine({ log: log as never, env: { DOCKER_HOST: address }, timeoutMs });
}

async function listen(): Promise<void> {
  await new Promise<void>((resolve) => server.listen(socketPath(), resolve));
}

/** Answers each path by its last part; a missing one is 404. */
function api(parts: Record<string, (url: URL) => unknown>): void {
  answer = (request, response) => {
    const url = new URL(request.url ?? '', 'http://engine');
    const body = parts[url.pathname]?.(url);
    response.statusCode = body === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body ?? { message: 'no such container' }));
  };
}

const listed = (name: string) => [{ Id: id, Names: ['/other/alias', `/${name}`], State: 'running' }];
const inspected = (name: string, state = {}) => ({
  Id: id,
  Name: `/${name}`,
  State: { Running: true, Pid: 42, StartedAt: '2026', ...state },
  HostConfig: { NetworkMode: 'host' },
  Config: { Image: 'web:1', Labels: null },
});

describe('DockerEngine', () => {
  test('gives the facts of a container, also where the engine leaves some out', async () => {
    api({ '/containers/json': () => listed('web'), [`/containers/${id}/json`]: () => inspected('web') });
    await listen();
    await using engine = engineAt();
    expect(await engine.find('web', signal)).toEqual({
      id,
      name: 'web',
      running: true,
      pid: 42,
      startedAt: '2026',
      hostNetwork: true,
      image: 'web:1',
      labels: {},
    });
  });

  test('a container that waits to be restarted does not run, whatever the engine says', async () => {
    const state = { Restarting: true, Pid: 0 };
    api({ '/containers/json': () => listed('web'), [`/containers/${id}/json`]: () => inspected('web', state) });
    await listen();
    await using engine = engineAt();
    expect(await engine.find('web', signal)).toMatchObject({ running: false, pid: 0 });
  });

  test('lists a stopped container also where the engine leaves out its network, as Podman does', async () => {
    const stopped = { Running: false, Pid: 0 };
    api({
      '/containers/json': () => [{ Id: id, Names: ['/web'], State: 'exited' }],
      [`/containers/${id}/json`]: () => inspected('web', stopped),
    });
    await listen();
    await using engine = engineAt();
    expect(await engine.list(signal)).toMatchObject([{ id, name: 'web', running: false, hostNetwork: true }]);
  });

  test('a container that Podman was removing while it was asked for it is not there, in a list neither', async () => {
    const other = 'cd'.repeat(32);
    let asked = 0;
    answer = ({ url = '' }, response) => {
      let body: unknown = { message: `container ${id} does not exist in database: no such container` };
      if (url.startsWith('/containers/json')) {
        const gone = asked > 0 && url.includes('filters');
        body = gone ? [] : [...listed('web'), { ...listed('api')[0], Id: other }];
      } else if (url === `/containers/${other}/json`) body = { ...inspected('api'), Id: other };
      // In Podman 4.3: 500 to who had to wait for the removal, 404 to everybody after.
      else response.statusCode = asked++ % 2 === 0 ? 500 : 404;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    };
    await listen();
    await using engine = engineAt();
    expect((await engine.list(signal)).map(({ name }) => name)).toEqual(['api']);
    await expect(engine.find('web', signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    await expect(engine.find(id, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
  });

  test('A32: a container that is renamed between the two questions is looked up anew', async () => {
    let lists = 0;
    api({
      '/containers/json': () => (++lists === 1 ? listed('web') : []),
      [`/containers/${id}/json`]: () => inspected('other'),
    });
    await listen();
    await using engine = engineAt();
    await expect(engine.find('web', signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
  });

  test('A32: what no container can be called never reaches the engine as a filter', async () => {
    const asked: string[] = [];
    api({ '/containers/json': (url) => void asked.push(url.search) });
    await listen();
    await using engine = engineAt();
    for (const reference of ['', '.*', 'a|b', '/web', 'wéb', 'a b']) {
      await expect(engine.find(reference, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    }
    expect(asked).toEqual([]);
  });

  test('no engine, with what to do', async () => {
    await using engine = engineAt();
    await expect(engine.ping(signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
      message: expect.stringContaining('systemctl start docker') as string,
      detail: { address: `unix://${socketPath()}`, reason: 'ENOENT' },
    });
  });

  test('an engine that is silent, fails, or hangs up', async () => {
    await listen();
    const unavailable = { code: 'WH_ERR_DOCKER_UNAVAILABLE' };
    await using hasty = engineAt(undefined, 50);
    answer = () => undefined;
    await expect(hasty.ping(signal)).rejects.toMatchObject({ ...unavailable, detail: { reason: 'TIMEOUT' } });
    await using engine = engineAt();
    answer = (request) => request.socket.destroy();
    await expect(engine.ping(signal)).rejects.toMatchObject(unavailable);
    answer = (_, response) => response.writeHead(500).end('{"message":"on fire"}');
    await expect(engine.ping(signal)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('on fire') as string,
    });
  });

  test('a question under way is given up with its signal, and with the engine', async () => {
    await listen();
    const stop = new AbortController();
    const engine = engineAt();
    answer = () => stop.abort();
    await expect(engine.ping(stop.signal)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    answer = () => void engine[Symbol.asyncDispose]();
    await expect(engine.ping(signal)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });

  test('warns once when the engine is asked over a network in clear', async () => {
    api({ '/version': () => ({ Version: '1' }) });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await using engine = engineAt(`tcp://0.0.0.0:${port}`);
    for (let i = 0; i < 2; i++) await engine.ping(signal);
    expect(warned).toEqual(['the container engine is asked over a network without TLS']);
    await using near = engineAt(`tcp://127.0.0.1:${port}`);
    expect(await near.ping(signal)).toEqual({ version: '1', address: `tcp://127.0.0.1:${port}` });
    expect(warned).toHaveLength(1);
  });
});
