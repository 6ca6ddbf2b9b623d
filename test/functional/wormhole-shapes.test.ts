/**
 * What the command line tells of wormholes: tables for people, JSON for programs.
 *
 *     client ──► wormholed ──► echo server, all on 127.0.0.1
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LogLine, Stats, Wormhole, WormholeList } from '../../src/spec/api.ts';
import { ask, portOf, reach } from '../support/local.ts';
import { program, start } from '../support/program.ts';
import { echoServer, type TargetServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();
let echo: TargetServer;
let made: Wormhole & { readonly port: number };
beforeAll(async () => {
  echo = await echoServer();
});
afterAll(() => echo[Symbol.asyncDispose]());
beforeEach(async () => {
  made = await daemon().create(`id demo label a=b url :9000 tail url :${portOf(echo)} max-conns 50`);
});

/** After one exchange of 5 bytes has been counted. */
async function counted(): Promise<void> {
  expect(await ask(9000, 'hello')).toBe('hello');
  await daemon().sees('demo', 'counted', ({ stats }) => stats.bytesOut === 5 && stats.connectionsOpen === 0);
}

describe('told', () => {
  test('create, ls and inspect show one shape, with url, canonical spec, targets and times', async () => {
    const spec = `id demo label a=b url :9000 max-conns 50 tail url :${portOf(echo)}`;
    expect(made).toEqual({
      id: 'demo',
      url: 'tcp://127.0.0.1:9000',
      port: 9000,
      spec: expect.any(String),
      labels: { a: 'b' },
      state: 'up',
      reason: '',
      head: 'host',
      targets: [`127.0.0.1:${portOf(echo)}`],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      stats: expect.objectContaining({ connectionsTotal: 0 }) as Stats,
    });
    expect(made.spec.split(' ').toSorted()).toEqual(spec.split(' ').toSorted());
    const { wormholes } = await daemon().json<WormholeList>('ls');
    const { wormhole, plan } = await daemon().json<{ wormhole: Wormhole; plan: object }>('inspect', 'demo');
    expect(wormholes).toEqual([wormhole]);
    expect({ ...made, port: undefined }).toEqual({ ...wormhole, port: undefined });
    expect(plan).toEqual(await daemon().json('explain', ...spec.split(' ')));
  });

  test('tables for people', async () => {
    await counted();
    const { stdout: list } = await daemon().wormhole('ls');
    expect(list).toMatch(/^ID +STATE +URL +TARGETS +CONNS +IN +OUT\ndemo +up +tcp:\/\/127.0.0.1:9000 .* 0 +5B +5B\n$/);
    const { stdout: stats } = await daemon().wormhole('stats', 'demo');
    expect(stats).toMatch(/^ID +OPEN +TOTAL .*\ndemo +0 +1 +0 +5B +5B/);
    expect(stats).toMatch(/TARGET +HEALTH +OPEN +DIALED +FAILED\n127.0.0.1:\d+ +up +0 +1 +0/);
    expect((await daemon().wormhole('inspect', 'demo')).stdout).toContain('tcp://127.0.0.1:9000');
  });

  test('stats: of one, of all, and of what was deleted in the total', async () => {
    await counted();
    const before = (await daemon().json<{ total: Stats }>('stats')).total;
    const one = await daemon().json<Stats & { id: string }>('stats', 'demo');
    expect(one).toMatchObject({
      id: 'demo',
      connectionsOpen: 0,
      connectionsTotal: 1,
      connectionsFailed: 0,
      bytesIn: 5,
      bytesOut: 5,
      dialP50Ms: expect.any(Number) as number,
      dialP99Ms: expect.any(Number) as number,
      members: [{ target: `127.0.0.1:${portOf(echo)}`, up: true, open: 0, dialed: 1, failed: 0 }],
    });
    await daemon().wormhole('delete', 'demo');
    const after = await daemon().json<{ total: Stats; wormholes: unknown[] }>('stats');
    expect(after.wormholes).toEqual([]);
    expect(after.total.bytesIn).toBe(before.bytesIn);
    expect(after.total.connectionsTotal).toBe(before.connectionsTotal);
  });

  test('a failed dial is counted, and the client is told by a reset', async () => {
    await daemon().create('id broken url :9001 tail url :1 connect-timeout 50ms');
    await expect(ask(9001, 'hello')).rejects.toThrow('ECONNRESET');
    const { stats } = await daemon().sees('broken', 'counted', (one) => (one.stats.members[0]?.failed ?? 0) > 0);
    expect(stats).toMatchObject({ connectionsTotal: 1, connectionsFailed: 1, connectionsOpen: 0, bytesIn: 0 });
  });

  test('logs: one line per connection, of one wormhole, followed', async () => {
    await daemon().create(`id other url :9001 tail url :${portOf(echo)}`);
    await daemon().create(`id fresh url :9002 tail url :${portOf(echo)}`);
    const follow = start(program('wormhole'), ['--socket', daemon().of.socket, '--json', 'logs', '-f', 'fresh']);
    expect(await ask(9002, 'hello')).toBe('hello');
    expect(await ask(9001, 'not this one')).toBe('not this one');
    await until('the line is there', () => follow.output.stdout.includes('connection closed'));
    follow.child.kill('SIGINT');
    expect((await follow.ended).code).toBe(130);
    const lines = follow.output.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as LogLine);
    expect(new Set(lines.map(({ wormhole }) => wormhole))).toEqual(new Set(['fresh']));
    expect(lines.filter(({ msg }) => msg === 'connection closed')).toMatchObject([
      {
        level: 'info',
        facts: {
          client: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
          upstream: `127.0.0.1:${portOf(echo)}`,
          reason: 'done',
          bytesIn: 5,
          bytesOut: 5,
        },
      },
    ]);
    const { stdout } = await daemon().wormhole('logs', 'other');
    expect(stdout).toContain('connection closed');
    expect(stdout).not.toContain('fresh');
  });

  test('doctor, version and health of a living daemon', async () => {
    const { checks } = JSON.parse((await daemon().wormhole('--json', 'doctor')).stdout) as {
      checks: Array<{ name: string; state: string; detail: string; remedy: string }>;
    };
    expect(checks.length).toBeGreaterThan(5);
    for (const { name, state, remedy } of checks) {
      expect({ name, told: remedy !== '' || state === 'ok' || state === 'skip' }).toEqual({ name, told: true });
    }
    const version = await daemon().json<{ client: object; daemon: { pid: number } }>('version');
    expect(version).toMatchObject({ client: { version: expect.any(String) as string }, daemon: { pid: daemon().pid } });
    expect(await reach(9000)).toBe('connected');
  });
});
