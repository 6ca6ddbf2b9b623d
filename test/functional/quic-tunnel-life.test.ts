/**
 * The programs of the reverse tunnel from their start to their end: any order, lost connections, certificates that are
 * refused, and the exit codes that tell why.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ask, dial } from '../support/local.ts';
import { OpenTunnel, TunnelWorld, to } from '../support/quic-tunnel.ts';
import { closedPort, echoServer, peerOf, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';

test('XT17: an agent finds its server again, whichever of them was first, and whoever went away', async () => {
  using world = new TunnelWorld();
  await using target = await echoServer();
  const { port } = await closedPort();
  const quic = `127.0.0.1:${port}`;
  await using agent = world.agent(port, to(target));
  await agent.tells('cannot connect');
  const tcp = await (async () => {
    await using server = await world.server('127.0.0.1:0', quic);
    await server.tells('an agent is connected');
    expect(await ask(server.ports[0] ?? 0, 'one')).toBe('one');
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0 });
    return server.ports[0] ?? 0;
  })();
  await agent.tells('the server is gone');
  await using server = await world.server(`127.0.0.1:${tcp}`, quic);
  await server.tells('an agent is connected');
  expect(await ask(tcp, 'two')).toBe('two');
  server.child.kill('SIGKILL');
  await agent.tells('the server is gone', 2);
});

test('an agent that ends says goodbye, so that no client is sent to it any more', async () => {
  await using target = await echoServer();
  await using tunnel = await OpenTunnel.start(to(target));
  const { server, agent } = tunnel;
  agent.child.kill('SIGINT');
  expect(await agent.ended).toMatchObject({ code: 0 });
  await server.tells('reason="it said goodbye"');
  expect(await ask(tunnel.port, 'anybody?').catch(() => '')).toBe('');
});

test('an agent of which nothing is heard is forgotten, one that has nothing to do is not', async () => {
  using world = new TunnelWorld('quiet', 'frozen');
  await using target = await echoServer();
  await using server = await world.server();
  await using quiet = world.agent(server.quicPort, to(target), 'quiet');
  await using frozen = world.agent(server.quicPort, to(target), 'frozen');
  await server.tells('an agent is connected', 2);
  frozen.child.kill('SIGSTOP');
  const port = server.ports[0] ?? 0;
  await until('clients are answered, whoever is next', async () => {
    const answers = [await ask(port, 'one').catch(() => ''), await ask(port, 'two').catch(() => '')];
    return answers.join() === 'one,two';
  });
  await server.tells('an agent is gone agent=frozen');
  expect(server.log).toMatch(/an agent is gone agent=frozen .*reason="nothing was heard for 5 s" agents=1/);
  expect(await ask(port, 'three')).toBe('three');
  expect(quiet.log).not.toContain('the server is gone');
});

test('a connection whose agent dies is reset, never ended as if all of it had arrived', async () => {
  await using target = await serve();
  await using tunnel = await OpenTunnel.start(to(target));
  const { agent } = tunnel;
  await using client = await dial(tunnel.port);
  await client.send('begun');
  const there = await peerOf(target);
  await there.send('half of the ans');
  expect(await client.text(15)).toBe('half of the ans');
  agent.child.kill('SIGKILL');
  expect(await client.ending()).toBe('ECONNRESET');
});

test('without the engine both programs say what is missing, and the others do not miss it', async () => {
  using world = new TunnelWorld();
  const preload = world.file('absent.cjs');
  writeFileSync(
    preload,
    `const Module = require('node:module');
     const load = Module._load;
     Module._load = (name, ...more) => {
       if (name.startsWith('@matrixai/')) throw new Error('Cannot find module');
       return load(name, ...more);
     };`,
  );
  const env = { NODE_OPTIONS: `--require ${preload}` };
  const files = ['--cert-file', 'tls.crt', '--cert-key', 'tls.key'];
  await using server = world.run(['quic-server', ...files, '--client-ca-file', 'ca.crt'], env);
  await using agent = world.run(['quic-agent', ...files, '--ca-file', 'ca.crt', '--upstream', 'a:1'], env);
  for (const one of [server, agent]) {
    expect(await one.ended).toMatchObject({ code: 69, stderr: expect.stringContaining('--include=optional') });
  }
  await using certs = world.run(['certs', 'more'], env);
  expect(await certs.ended).toMatchObject({ code: 0 });
});

describe('an agent that is to try once', () => {
  test.each([
    ['A12: whose CA is not the server’s', 'elsewhere', [], 77, 'not of a CA that is trusted'],
    ['A12: whose server has another name', 'here', ['--server-name', 'other'], 77, 'not good for this name'],
    ['A12: whose certificate is of another CA', 'foreign', [], 77, 'not of a CA that is trusted'],
  ] as const)('%s ends with 77 and the reason', async (_title, whose, more, exit, reason) => {
    using world = new TunnelWorld();
    using other = new TunnelWorld();
    await using server = await world.server();
    const files: Record<typeof whose, [string, string]> = {
      here: [world.file('ca.crt'), world.file('client')],
      elsewhere: [other.file('ca.crt'), world.file('client')],
      foreign: [world.file('ca.crt'), other.file('client')],
    };
    const [ca, client] = files[whose];
    const words = ['--server', `127.0.0.1:${server.quicPort}`, '--ca-file', ca, '--upstream', '127.0.0.1:1', '--once'];
    await using agent = world.run([
      'quic-agent',
      ...words,
      '--cert-file',
      `${client}.crt`,
      '--cert-key',
      `${client}.key`,
      ...more,
    ]);
    const { code, stderr } = await agent.ended;
    expect({ code, stderr }).toEqual({ code: exit, stderr: expect.stringContaining(reason) });
    expect(stderr).toContain('[WH_ERR_PEER_AUTH]');
    await server.tells('an agent was turned away');
    expect(server.log).not.toContain('an agent is connected');
  });

  test('and whom nobody answers ends with 69', async () => {
    using world = new TunnelWorld();
    const { port } = await closedPort();
    await using agent = world.agent(port, ['--upstream', '127.0.0.1:1', '--once']);
    expect(await agent.ended).toMatchObject({ code: 69, stderr: expect.stringContaining('WH_ERR_PEER_UNREACHABLE') });
  });
});

describe('what cannot work is told at once', () => {
  test('a file that is not there: 66; one that is no certificate: 78', async () => {
    using world = new TunnelWorld();
    rmSync(world.file('client.key'));
    await using absent = world.agent(1, ['--upstream', '127.0.0.1:1']);
    expect(await absent.ended).toMatchObject({ code: 66, stderr: expect.stringContaining('client.key') });
    const files = ['--cert-file', 'tls.crt', '--cert-key', 'tls.crt', '--client-ca-file', 'ca.crt'];
    await using wrong = world.run(['quic-server', ...files]);
    expect(await wrong.ended).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('tls.crt holds no private key'),
    });
  });

  test('an address that is taken: 73', async () => {
    using world = new TunnelWorld();
    await using first = await world.server();
    for (const [tcp, quic] of [
      [`127.0.0.1:${first.ports[0]}`, '127.0.0.1:0'],
      ['127.0.0.1:0', `127.0.0.1:${first.quicPort}`],
    ] as const) {
      const files = ['--cert-file', 'tls.crt', '--cert-key', 'tls.key', '--client-ca-file', 'ca.crt'];
      await using second = world.run(['quic-server', '--listen-tcp', tcp, '--listen-quic', quic, ...files]);
      expect(await second.ended).toMatchObject({ code: 73, stderr: expect.stringContaining('EADDRINUSE') });
    }
  });

  test.each([
    [['quic-server', '--cert-file', 'x', '--cert-key', 'x'], '--client-ca-file is missing'],
    [['quic-server', '--listen-tcp', 'x'], 'has no port'],
    [['quic-agent', '--upstream', 'a:1', '--server', ':1'], '--server takes HOST or HOST:PORT'],
    [['quic-agent', '--upstream', 'a:0'], 'a port from 1 to 65535'],
    [['quic-agent', '--upstream', 'a:1', '--allow', '10.0.0.1/8'], '--allow: '],
    [['certs', ''], 'DIR is empty'],
    [['certs', 'd', '--days', '0'], '--days'],
  ])('wrong usage: 64, %j', async (words, reason) => {
    using world = new TunnelWorld();
    await using one = world.run(words);
    expect(await one.ended).toMatchObject({ code: 64, stderr: expect.stringContaining(reason) });
  });
});
