/** The verbs that ask the daemon about wormholes, each with a fake one: what is asked, what is printed. */
import { describe, expect, test } from 'vitest';
import { aWormhole, runCli } from '../../../test/support/cli-run.ts';
import { WormholeError } from '../../lib/errors.ts';
import { parse, plan } from '../../spec/spec.ts';

const waiting = aWormhole({ id: 'calm-yak', state: 'waiting', reason: 'container "db" is not running' });
const list = async () => ({ wormholes: [aWormhole(), waiting] });

describe('ping', () => {
  const ping = async ({ payload = '', host }: { payload?: string; host?: string } = {}) => ({
    payload,
    version: '1.2.3',
    instance: 'abc',
    timeMs: Date.now() + 60_000,
    rttMs: 1.25,
    connectMs: 0.5,
    ...(host !== undefined && { peerRttMs: 1 }),
  });

  test('prints milliseconds with six decimals on stdout and the rest on stderr', async () => {
    const { code, stdout, stderr } = await runCli(['ping'], { daemon: { ping } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1.250000\n' });
    expect(stderr).toMatch(
      /^path unix:\/\/\/test\.sock, connected in 0\.500 ms\nversion 1\.2\.3, instance abc, clock skew (59|60)\d{3} ms\n$/,
    );
  });

  test('a peer is asked for through the daemon', async () => {
    const { stderr } = await runCli(['ping', 'db-host'], { daemon: { ping } });
    expect(stderr).toContain('path unix:///test.sock -> db-host, 1.000 ms of it beyond the daemon');
  });

  test('--json has all of it on stdout', async () => {
    const { stdout, stderr } = await runCli(['ping', 'db-host', '--json'], { daemon: { ping } });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      ms: 1.25,
      connectMs: 0.5,
      peerRttMs: 1,
      version: '1.2.3',
      instance: 'abc',
    });
  });

  test('the clock skew counts neither the way to the daemon nor the making of a link', async () => {
    const path = { path: 'direct', address: '10.0.0.2:9999', name: 'db', carrier: 'tls', carrierReason: '', key: '00' };
    const late = async (options: { payload?: string; host?: string }) => {
      const [answer, began] = [await ping(options), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 400));
      const rttMs = performance.now() - began - 200;
      return { ...answer, timeMs: Date.now(), connectMs: 200, rttMs, way: { ...path, linkMs: rttMs } };
    };
    const { stderr } = await runCli(['ping', 'db-host'], { daemon: { ping: late } });
    expect(Math.abs(Number(/clock skew (-?\d+) ms/.exec(stderr)?.[1]))).toBeLessThan(90);
  });

  test('an answer to somebody else is refused', async () => {
    const stranger = async () => ({ ...(await ping()), payload: 'other' });
    expect((await runCli(['ping'], { daemon: { ping: stranger } })).code).toBe(76);
  });
});

describe('create', () => {
  test('hands the words over untouched and prints ID and URL', async () => {
    const asked: Array<readonly string[]> = [];
    const create = async (words: readonly string[]) => {
      asked.push(words);
      return aWormhole();
    };
    const words = ['url', ':3306', 'docker-run', "-e A='b c' --rm mariadb"];
    const { code, stdout } = await runCli(['create', ...words], { daemon: { create } });
    expect({ code, stdout, asked }).toEqual({ code: 0, stdout: 'brave-otter tcp://127.0.0.1:3306\n', asked: [words] });
  });

  test('a mistake in the spec is drawn and ends with 65 before connecting', async () => {
    const { code, stdout, stderr, connects } = await runCli(['create', 'url', '3306', 'docker-ns', 'db']);
    expect({ code, stdout, connects }).toEqual({ code: 65, stdout: '', connects: [] });
    expect(stderr).toMatch(
      /^wormhole: the proxy spec is not valid: .* \[WH_ERR_SPEC_INVALID\]\n {2}url 3306 docker-ns db\n {6}\^{4}\n$/,
    );
  });

  test('what only the daemon finds is drawn in the same way', async () => {
    const create = async (): Promise<never> => {
      throw new WormholeError('WH_ERR_SPEC_INVALID', 'no', { detail: { word: 'url', index: 1 } });
    };
    const { stderr } = await runCli(['create', 'url', ':1', 'tail', 'url', ':2'], { daemon: { create } });
    expect(stderr).toContain('\n  url :1 tail url :2\n      ^^\n');
  });

  test('an unknown option before the spec is a word of it, and refused as one', async () => {
    const { code, stderr, connects } = await runCli(['create', '--jsno', 'url', ':1']);
    expect({ code, connects }).toEqual({ code: 65, connects: [] });
    expect(stderr).toContain('--jsno');
  });
});

describe('explain', () => {
  const words = ['url', ':3306', 'docker-ns', 'db'];

  test('asks nobody', async () => {
    const { code, stdout, connects } = await runCli(['explain', ...words]);
    expect({ code, connects }).toEqual({ code: 0, connects: [] });
    expect(stdout).toMatch(/3306.*\n(.*\n)*.*container db/);
  });

  test('--json is the plan', async () => {
    const { stdout } = await runCli(['explain', '--json', ...words]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(plan(parse(words)))));
  });
});

describe('delete', () => {
  const fleet = (calls: string[]) => ({
    delete: async (id: string, { now = false } = {}) => {
      calls.push(now ? `${id} now` : id);
      if (id === 'missing') throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', `no wormhole has the id ${id}`);
      if (id === 'stuck') throw new WormholeError('WH_ERR_STATE', 'the disk is full');
      return aWormhole({ id });
    },
  });

  test('tries every ID once; the first failure decides', async () => {
    const calls: string[] = [];
    const { code, stdout, stderr } = await runCli(['delete', 'missing', 'a', 'stuck', 'a', 'b'], {
      daemon: fleet(calls),
    });
    expect({ code, stdout, calls }).toEqual({ code: 66, stdout: '', calls: ['missing', 'a', 'stuck', 'b'] });
    expect(stderr).toMatch(/WORMHOLE_NOT_FOUND.*\n.*WH_ERR_STATE/);
  });

  test('--now and --ignore-missing', async () => {
    const calls: string[] = [];
    const argv = ['delete', '--now', '--ignore-missing', 'missing', 'a'];
    const { code, stderr } = await runCli(argv, { daemon: fleet(calls) });
    expect({ code, stderr, calls }).toEqual({ code: 0, stderr: '', calls: ['missing now', 'a now'] });
  });

  test('--json tells what was deleted, in success and in failure', async () => {
    const ok = await runCli(['delete', '--json', '--ignore-missing', 'a', 'missing'], { daemon: fleet([]) });
    expect(JSON.parse(ok.stdout)).toEqual({ deleted: ['a'], missing: ['missing'] });
    const bad = await runCli(['delete', '--json', 'a', 'missing', 'stuck'], { daemon: fleet([]) });
    expect(bad.code).toBe(66);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      code: 'WH_ERR_WORMHOLE_NOT_FOUND',
      deleted: ['a'],
      problems: [{ code: 'WH_ERR_WORMHOLE_NOT_FOUND' }, { code: 'WH_ERR_STATE' }],
    });
  });
});

describe('ls', () => {
  test('is a table, with the reason beneath what is not up', async () => {
    const { code, stdout } = await runCli(['ls'], { daemon: { list } });
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'ID           STATE    URL                   TARGETS            CONNS      IN     OUT',
      'brave-otter  up       tcp://127.0.0.1:3306  db@127.0.0.1:3306      2  1.5KiB  3.0GiB',
      'calm-yak     waiting  tcp://127.0.0.1:3306  db@127.0.0.1:3306      2  1.5KiB  3.0GiB',
      '  container "db" is not running',
      '',
    ]);
  });

  test('-q is IDs alone, --json the list itself', async () => {
    expect((await runCli(['ls', '-q'], { daemon: { list } })).stdout).toBe('brave-otter\ncalm-yak\n');
    expect(JSON.parse((await runCli(['ls', '--json'], { daemon: { list } })).stdout)).toEqual(await list());
  });

  test('colours states on a terminal, unless NO_COLOR is set', async () => {
    const green = '\u001B[32mup';
    expect((await runCli(['ls'], { daemon: { list }, columns: 120 })).stdout).toContain(green);
    const plain = await runCli(['ls'], { daemon: { list }, columns: 120, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001B');
    expect((await runCli(['ls'], { daemon: { list } })).stdout).not.toContain('\u001B');
  });
});

describe('inspect', () => {
  const detail = { wormhole: waiting, segments: [], plan: plan(parse(['url', ':3306', 'docker-ns', 'db'])) };

  test('shows state, spec, traffic and plan', async () => {
    const { stdout } = await runCli(['inspect', 'calm-yak'], { daemon: { get: async () => detail } });
    for (const part of [
      /^ {2}state +waiting: container "db" is not running$/m,
      /^ {2}spec +url :3306 docker-ns db$/m,
      /^Traffic$/m,
      /^ {2}dial +p50 0\.25ms, p99 12\.5ms$/m,
      /^Plan$/m,
      /^ {2}1\. Listens on/m,
    ]) {
      expect(stdout).toMatch(part);
    }
  });

  test('a plan of a kind that is not known here is shown as it is', async () => {
    const { code, stdout } = await runCli(['inspect', 'x'], {
      daemon: { get: async () => ({ ...detail, plan: { news: 1 } }) },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('"news": 1');
  });

  test('--json is exactly the API answer', async () => {
    const { stdout } = await runCli(['inspect', '--json', 'calm-yak'], { daemon: { get: async () => detail } });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(detail)));
  });
});

describe('stats', () => {
  const members = [{ target: 'db@127.0.0.1:3306', up: false, open: 0, dialed: 3, failed: 3 }];
  const stats = async () => aWormhole().stats;
  const get = async () => ({ wormhole: aWormhole({}, { members, datagramsIn: 7 }), segments: [], plan: null });

  test('has a row for each and one for all', async () => {
    const { stdout } = await runCli(['stats'], { daemon: { list, stats } });
    expect(stdout.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
      'ID',
      'brave-otter',
      'calm-yak',
      'TOTAL',
      '',
    ]);
    expect(stdout).toMatch(/DIAL-P50 {2}DIAL-P99\n.* 0\.25ms +12\.5ms\n/);
    expect(stdout).not.toContain('DGRAM');
  });

  test('of one shows its pool, and datagrams where there were any', async () => {
    const { stdout } = await runCli(['stats', 'brave-otter'], { daemon: { get } });
    expect(stdout).toMatch(/DGRAM-IN.*\n.* 7 /);
    expect(stdout).toMatch(/\nTARGET +HEALTH .*\ndb@127\.0\.0\.1:3306 +skipped +0 +3 +3\n/);
  });

  test('--json has the numbers', async () => {
    const all = JSON.parse((await runCli(['stats', '--json'], { daemon: { list, stats } })).stdout);
    expect(all).toMatchObject({ total: { bytesIn: 1536 }, wormholes: [{ id: 'brave-otter' }, { id: 'calm-yak' }] });
    const one = JSON.parse((await runCli(['stats', 'x', '--json'], { daemon: { get } })).stdout);
    expect(one).toMatchObject({ id: 'x', members, segments: [] });
  });
});
