/**
 * The reverse tunnel with clients that say where they want to go: HTTP CONNECT, as curl speaks it.
 *
 *   curl ── quic-server ══ quic-agent ── target (this test)
 */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { at, dial, portOf } from '../support/local.ts';
import { start } from '../support/program.ts';
import { OpenTunnel, TunnelWorld } from '../support/quic-tunnel.ts';
import { echoServer, serve } from '../support/relay-targets.ts';

describe('HTTP CONNECT at the agent', () => {
  const page = 'HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nthe page';
  const curl = (...words: string[]) => start('/usr/bin/curl', ['-sS', '-p', '--max-time', '20', ...words]).ended;

  test('curl reaches what the agent reaches, and the end of it', async () => {
    await using target = await serve(at(0), (socket) => socket.once('data', () => void socket.end(page)));
    await using tunnel = await OpenTunnel.start([]);
    const { stdout, code } = await curl('--proxy', `127.0.0.1:${tunnel.port}`, `http://127.0.0.1:${portOf(target)}/`);
    expect({ stdout, code }).toEqual({ stdout: 'the page', code: 0 });
  });

  test('XT18: the answer is a bare 200, and what the client sent early is not lost', async () => {
    await using target = await echoServer();
    await using tunnel = await OpenTunnel.start([]);
    await using client = await dial(tunnel.port);
    const where = `127.0.0.1:${portOf(target)}`;
    client.finish(`CONNECT ${where} HTTP/1.1\r\nHost: ${where}\r\n\r\nearly`);
    expect(await client.text()).toMatch(/^HTTP\/1\.1 200 [^\r\n]*\r\n\r\nearly$/);
  });

  test('A14: what is refused is told, and the connection closed', async () => {
    await using target = await echoServer();
    await using tunnel = await OpenTunnel.start(['--allow', `127.0.0.1:${portOf(target)},127.0.0.1:1`]);
    const { agent } = tunnel;
    const said = async (request: string): Promise<string> => {
      await using client = await dial(tunnel.port);
      await client.send(request);
      return (await client.text()).split('\r\n')[0] ?? '';
    };
    const connect = (where: string): Promise<string> =>
      said(`CONNECT ${where} HTTP/1.1\r\nHost: ${where}\r\n\r\nGET / HTTP/1.1\r\n\r\n`);
    expect(await connect('127.0.0.1:2')).toBe('HTTP/1.1 403 Forbidden');
    expect(await connect('169.254.169.254:80')).toBe('HTTP/1.1 403 Forbidden');
    expect(await connect('127.0.0.1:1')).toBe('HTTP/1.1 502 Bad Gateway');
    expect(await said('GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).toBe(
      'HTTP/1.1 405 Method Not Allowed',
    );
    expect(await said('hello\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request');
    await agent.tells('the target cannot be reached', 3);
  });

  test('A8: with a list of users nobody else gets through, however the request says it', async () => {
    using world = new TunnelWorld();
    await using target = await serve(at(0), (socket) => socket.once('data', () => void socket.end(page)));
    writeFileSync(world.file('users'), 'ann:secret of ann\n', { mode: 0o600 });
    await using server = await world.server();
    await using agent = world.agent(server.quicPort, ['--auth', 'users']);
    await agent.tells('connected');
    const get = async (...words: string[]): Promise<string> =>
      (await curl(...words, '--proxy', `127.0.0.1:${server.ports[0]}`, `http://127.0.0.1:${portOf(target)}/`)).stdout;
    expect(await get('--proxy-user', 'ann:secret of ann')).toBe('the page');
    expect(await get('--proxy-user', 'ann:wrong')).toBe('');
    expect(await get()).toBe('');
    expect(await get('--user', 'ann:secret of ann')).toBe('');
    expect(target.accepted).toBe(1);
    expect(agent.log).not.toContain('secret');
  });
});
