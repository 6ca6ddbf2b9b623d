/** An image that is pulled on the peer, seen from where the wormhole is made; with an engine that is but a few answers. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Belongings, Daemon } from '../support/daemon.ts';
import { EventReader } from '../support/event-reader.ts';
import { until } from '../support/relay-wait.ts';

/** Has no image and no container, and pulls as a test says. */
function pullingEngine(path: string): { server: Server; pulls: ServerResponse[] } {
  const pulls: ServerResponse[] = [];
  const server = createServer((asked, answer) => {
    asked.resume();
    const { pathname } = new URL(asked.url ?? '', 'http://engine');
    const json = (status: number, value: unknown): void =>
      void answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (pathname.endsWith('/images/create')) {
      answer.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      pulls.push(answer);
    } else if (pathname.endsWith('/events')) answer.writeHead(200).flushHeaders();
    else if (pathname.endsWith('/containers/json')) json(200, []);
    else if (/\/(images|containers)\//.test(pathname)) json(404, { message: 'no such thing' });
    else json(200, { Version: '1', ApiVersion: '1.41' });
  });
  server.listen(path);
  return { server, pulls };
}

describe('an image that is pulled on the peer', () => {
  let there: Belongings;
  let near: Daemon;
  let far: Daemon;
  let engine: ReturnType<typeof pullingEngine>;
  beforeEach(async () => {
    near = await Daemon.start();
    there = new Belongings(near.of.key);
    const path = join(there.folder, 'engine.sock');
    engine = pullingEngine(path);
    far = await Daemon.start({ of: there, flags: ['-H', '127.0.0.2:9999'], env: { DOCKER_HOST: `unix://${path}` } });
  });
  afterEach(async () => {
    await Promise.all([near, far].map((one) => one[Symbol.asyncDispose]()));
    engine.server.closeAllConnections();
    engine.server.close();
    there[Symbol.dispose]();
  });

  test('is told of here while the create waits for it, and how it ends', async () => {
    using events = new EventReader(near, 'shop');
    const words = 'create id shop url :0 remote 127.0.0.2 tail url :80 docker-run shop'.split(' ');
    const made = near.wormhole(...words);
    const [pull] = await until('the peer pulls', () => engine.pulls.length > 0 && engine.pulls);
    const line = { status: 'Downloading', id: 'aaaa', progressDetail: { current: 5, total: 10 } };
    pull?.write(`${JSON.stringify(line)}\r\n`);
    await until('it is told of here', () => events.seen.some((event) => event.pull?.bytesDone === 5));
    expect(events.seen.at(-1)).toMatchObject({
      state: 'starting',
      reason: expect.stringMatching(/^peer tcp:\/\/127\.0\.0\.2:9999: pulling shop/),
      pull: { bytesDone: 5, bytesTotal: 10, layersTotal: 1 },
    });
    expect((await near.look('shop')).state).toBe('starting');
    pull?.end(`${JSON.stringify({ errorDetail: { message: 'manifest unknown' }, error: 'manifest unknown' })}\r\n`);
    const { code, stderr } = await made;
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('manifest unknown')]);
  });
});
