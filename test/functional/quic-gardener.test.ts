/**
 * Our ends of the tunnel against ends on another QUIC stack (quic-go 0.42, the one of gardener's programs), with their
 * protocol and settings: `test/support/quic-go`. Needs Go, and its modules, which scripts/test-deps.sh fetches; skipped without.
 *
 *   client ── our server ══ their agent ── target          client ── their server ══ our agent ── target
 */
import { execFileSync, type SpawnSyncReturns } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { until } from '../support/command.ts';
import { dial, portOf } from '../support/local.ts';
import { start } from '../support/program.ts';
import { TunnelWorld } from '../support/quic-tunnel.ts';
import { bytes } from '../support/relay-bytes.ts';
import { echoServer, peerOf, serve } from '../support/relay-targets.ts';

const room = mkdtempSync(join(tmpdir(), 'wormhole-go-'));
afterAll(() => rmSync(room, { recursive: true }));
const built = join(room, 'quicgo');
const missing = build();
if (missing !== undefined) console.log(`quic-gardener.test.ts is skipped: ${missing}`);

/** @returns why it cannot be built */
function build(): string | undefined {
  const cwd = resolve(import.meta.dirname, '../support/quic-go');
  try {
    execFileSync('go', ['build', '-mod=readonly', '-o', built, '.'], { cwd, stdio: 'pipe' });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'Go (1.21 or later) is not installed';
    const [line] = String((error as SpawnSyncReturns<Buffer>).stderr).split('\n');
    return `the modules are not here; fetch them with scripts/test-deps.sh (${line})`;
  }
}

const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

function quicgo(...words: string[]) {
  const running = start(built, words);
  return Object.assign(running, {
    tells: (text: string) => until(`quicgo tells ${text}`, () => running.output.stdout.includes(text)),
    async [Symbol.asyncDispose]() {
      running.child.kill('SIGKILL');
      await running.ended;
    },
  });
}

/** Their server with our agent. @returns the port for clients */
async function theirServer(world: TunnelWorld) {
  const server = quicgo('server', '127.0.0.1:0', '127.0.0.1:0', world.directory);
  await server.tells('\n');
  const [quic = 0, tcp = 0] = [...server.output.stdout.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  return Object.assign(server, { quic, tcp });
}

describe.skipIf(missing !== undefined)('with ends on quic-go', () => {
  test('our server, their agent: bytes in both directions, many connections at once', async () => {
    using world = new TunnelWorld();
    await using target = await echoServer();
    await using server = await world.server();
    const where = `127.0.0.1:${server.quicPort}`;
    await using _agent = quicgo('agent', where, `127.0.0.1:${portOf(target)}`, world.directory);
    await server.tells('protocol=quic-echo-example');
    const sent = bytes(1 << 20);
    const each = async (): Promise<string> => {
      await using client = await dial(server.ports[0] ?? 0);
      const answer = client.read(sent.length);
      await client.send(sent);
      return sha(await answer);
    };
    expect(new Set(await Promise.all(Array.from({ length: 20 }, each)))).toEqual(new Set([sha(sent)]));
  });

  test('our server, their agent: HTTP CONNECT as curl speaks it', async () => {
    using world = new TunnelWorld();
    const page = 'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\npage';
    await using target = await serve(undefined, (socket) => socket.once('data', () => void socket.end(page)));
    await using server = await world.server();
    await using _agent = quicgo('agent', `127.0.0.1:${server.quicPort}`, 'connect', world.directory);
    await server.tells('an agent is connected');
    const words = ['-sS', '-p', '--proxy', `127.0.0.1:${server.ports[0]}`, `http://127.0.0.1:${portOf(target)}/`];
    const { stdout, code } = await start('/usr/bin/curl', words).ended;
    expect({ stdout, code }).toEqual({ stdout: 'page', code: 0 });
  });

  test('their server, our agent: bytes in both directions, and an end of the target', async () => {
    using world = new TunnelWorld();
    await using target = await serve();
    await using server = await theirServer(world);
    await using agent = world.agent(server.quic, ['--upstream', `127.0.0.1:${portOf(target)}`]);
    await server.tells('agent');
    await agent.tells('protocol=quic-echo-example');
    const [there, back] = [bytes(8 << 20), bytes(5 << 20, 2)];
    await using client = await dial(server.tcp);
    const sending = client.send(there);
    const peer = await peerOf(target);
    expect(sha(await peer.read(there.length))).toBe(sha(there));
    await sending;
    peer.finish(back);
    expect(sha(await client.read(back.length))).toBe(sha(back));
    expect(await client.ending()).toBe('eof');
  });

  test('A12: their server refuses an agent of ours whose certificate is of another CA', async () => {
    using world = new TunnelWorld();
    using other = new TunnelWorld();
    await using server = await theirServer(world);
    const files = ['--ca-file', world.file('ca.crt'), '--cert-file', 'client.crt', '--cert-key', 'client.key'];
    const words = [
      'quic-agent',
      '--server',
      `127.0.0.1:${server.quic}`,
      ...files,
      '--upstream',
      '127.0.0.1:1',
      '--once',
    ];
    await using agent = other.run(words);
    expect(await agent.ended).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_PEER_AUTH') });
  });
});
