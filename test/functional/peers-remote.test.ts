/** `remote`: the rest of a spec on another daemon, with two daemons at two addresses of one namespace. */
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PeerList, Wormhole, WormholeDetail } from '../../src/spec/api.ts';
import { Daemon } from '../support/daemon.ts';

/** A service that sends back what it gets, and its end when it has got that. */
async function echo(host: string): Promise<{ port: number; server: Server; seen: () => number }> {
  let seen = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    seen += 1;
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { port: (server.address() as { port: number }).port, server, seen: () => seen };
}

/** Sends, ends, and reads to the end. */
function through(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const got: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(got)));
    socket.on('error', reject);
    socket.end(bytes);
  });
}

const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('remote', () => {
  let a: Daemon;
  let b: Daemon;
  let service: Awaited<ReturnType<typeof echo>>;
  beforeAll(async () => {
    a = await Daemon.start({ flags: ['-H', '127.0.0.1:9998'] });
    b = await Daemon.start({ key: a.of.key, flags: ['-H', '127.0.0.2:9999'] });
    service = await echo('127.0.0.1');
  });
  afterAll(async () => {
    service.server.close();
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  });

  test('F40 a connection goes to a target of the peer, and every byte of it, both ways', async () => {
    const made = await a.create(`url :0 remote 127.0.0.2 tail url :${service.port}`);
    const sent = randomBytes(32 * 1024 * 1024);
    expect(sum(await through(made.port, sent))).toBe(sum(sent));
    await a.json('delete', made.id);
  });

  test('the port behind the link defaults to the one before it, in both spellings', async () => {
    const free = await echo('127.0.0.3');
    for (const spec of [
      `url tcp://127.0.0.4:${free.port} remote 127.0.0.2 tail url 127.0.0.3`,
      `url tcp://127.0.0.5:${free.port} remote 127.0.0.2 url :${free.port} tail url 127.0.0.3`,
    ]) {
      const made = await a.create(spec);
      const detail = await a.get<WormholeDetail>(`/v1/wormholes/${made.id}`);
      expect(detail.wormhole.state).toBe('up');
      const [, host = ''] = /tcp:\/\/([\d.]+):/.exec(spec) ?? [];
      const got = await new Promise<string>((resolve, reject) => {
        const socket = connect({ host, port: free.port });
        socket.on('error', reject);
        socket.once('data', (bytes: Buffer) => {
          resolve(bytes.toString());
          socket.destroy();
        });
        socket.write('hello');
      });
      expect(got).toBe('hello');
      await a.json('delete', made.id);
    }
    free.server.close();
  });

  test('what runs on the peer can be seen there, and goes with its wormhole', async () => {
    const made = await a.create(`url :0 remote 127.0.0.2 tail url :${service.port}`);
    const there = async (): Promise<string[]> =>
      (await b.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes.map(({ id }) => id);
    expect(await there()).toEqual([expect.stringMatching(new RegExp(`^${made.id}\\.0~[0-9a-f]{16}$`))]);
    await a.json('delete', made.id);
    await expect.poll(there).toEqual([]);
  });

  test('a create that fails on the peer fails, in its words, and leaves nothing on either side', async () => {
    const { code, stderr } = await a.wormhole(
      'create',
      'url',
      ':7',
      'remote',
      '127.0.0.2',
      'tail',
      'docker-ns',
      'nope',
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('peer tcp://127.0.0.2:9999: ');
    expect((await a.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
    expect((await b.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
  });

  test('behind trigger nothing happens on the peer before the first connection', async () => {
    const made = await a.create(`url :0 trigger remote 127.0.0.2 tail url :${service.port}`);
    expect((await b.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
    expect(made.state).toBe('idle');
    expect((await through(made.port, Buffer.from('first'))).toString()).toBe('first');
    expect((await b.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toHaveLength(1);
    await a.json('delete', made.id);
  });

  test('a peer that nobody can reach is told as such, with its address', async () => {
    const { code, stderr } = await a.wormhole('create', 'url', ':0', 'remote', '127.0.0.9:6666', 'tail', 'url', ':1');
    expect(code).toBe(69);
    expect(stderr).toContain('nothing listens on 127.0.0.9:6666');
  });

  test('a remote that leads to the very daemon is refused', async () => {
    const { stderr } = await a.wormhole('create', 'url', ':0', 'remote', '127.0.0.1:9998', 'tail', 'url', ':1');
    expect(stderr).toContain('the very daemon that dialed it');
  });

  test('a chain may lead through several peers and back', async () => {
    const made = await a.create(`url :0 remote 127.0.0.2 remote 127.0.0.1:9998 tail url :${service.port}`);
    const sent = randomBytes(1024 * 1024);
    expect(sum(await through(made.port, sent))).toBe(sum(sent));
    await a.json('delete', made.id);
    await expect.poll(async () => (await b.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
  });

  test('a target that refuses is told in the record of the connection', async () => {
    const made = await a.create('url :0 connect-timeout 2s remote 127.0.0.2 tail url :1 connect-timeout 300ms');
    await through(made.port, Buffer.from('x')).catch(() => undefined);
    await a.logged('ECONNREFUSED');
    await a.json('delete', made.id);
  });

  test('peers are listed with what is known of them', async () => {
    const made = await a.create(`url :0 remote 127.0.0.2 tail url :${service.port}`);
    const { peers } = await a.get<PeerList>('/v1/peers');
    expect(peers).toEqual([
      expect.objectContaining({ name: 'tcp://127.0.0.2:9999', state: 'up', wormholes: 1, source: 'spec' }),
    ]);
    expect((await b.get<PeerList>('/v1/peers')).peers[0]).toMatchObject({
      state: 'up',
      guests: 1,
      identity: 'wormhole',
    });
    await a.json('delete', made.id);
  });
});
