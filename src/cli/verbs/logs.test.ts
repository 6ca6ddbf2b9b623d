/** `logs`: recent lines, new lines, and a daemon that goes away and comes back. */
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../test/support/cli-run.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { LogLine } from '../../spec/api.ts';

const line = (timeMs: number, msg: string): LogLine => ({ timeMs, level: 'info', msg, facts: { n: timeMs } });
const health = async () => ({
  version: '1',
  instance: 'i',
  pid: 1,
  uptimeMs: 1,
  wormholes: 0,
  relayWorkers: 1,
  rssBytes: 1,
});

async function* lines(...all: LogLine[]): AsyncGenerator<LogLine> {
  yield* all;
}

describe('logs', () => {
  test('prints the recent lines of one wormhole and ends', async () => {
    const asked: unknown[] = [];
    const logs = (options?: object) => {
      asked.push(options);
      return lines(line(0, 'one'), line(1, 'two'));
    };
    const { code, stdout } = await runCli(['logs', 'brave-otter'], { daemon: { logs } });
    expect({ code, asked }).toEqual({ code: 0, asked: [{ follow: false, id: 'brave-otter' }] });
    expect(stdout).toBe('1970-01-01T00:00:00.000Z info  one n=0\n1970-01-01T00:00:00.001Z info  two n=1\n');
  });

  test('--json is one document a line', async () => {
    const { stdout } = await runCli(['logs', '--json'], {
      daemon: { logs: () => lines(line(0, 'a\nb'), line(1, 'c')) },
    });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([line(0, 'a\nb'), line(1, 'c')]);
  });

  test('-f goes on across restarts of the daemon, shows no line twice, and ends with the interrupt', async () => {
    const interrupt = new AbortController();
    let connection = 0;
    async function* logs(): AsyncGenerator<LogLine> {
      connection += 1;
      yield line(1, 'one');
      if (connection === 1) throw new WormholeError('WH_ERR_PROTOCOL', 'the answer ends too early');
      yield line(1, 'also one');
      yield line(2, 'two');
      if (connection === 2) return;
      interrupt.abort();
      throw new WormholeError('WH_ERR_ABORTED', 'operation aborted');
    }
    const { code, stdout, stderr } = await runCli(['logs', '-f'], {
      daemon: { logs, health },
      signal: interrupt.signal,
    });
    expect({ code, connection }).toEqual({ code: 130, connection: 3 });
    expect(stdout.split('\n').map((text) => text.slice(31))).toEqual(['one n=1', 'also one n=1', 'two n=2', '']);
    expect(stderr).toBe('wormhole: the daemon has gone; waiting for it\n'.repeat(2));
  });

  test('-f goes on showing lines when the clock is set back, and says once that the daemon is away', async () => {
    const interrupt = new AbortController();
    let [connection, knocks] = [0, 0];
    async function* logs(): AsyncGenerator<LogLine> {
      connection += 1;
      yield* [line(3_600_000, 'before'), line(0, 'after'), line(1, 'and on')];
      if (connection === 1) return;
      yield line(2, 'again');
      interrupt.abort();
    }
    const away = async () => {
      knocks += 1;
      if (knocks === 2 || knocks === 3) throw new WormholeError('WH_ERR_DAEMON_UNREACHABLE', 'nobody');
      return await health();
    };
    const { stdout, stderr } = await runCli(['logs', '-f'], {
      daemon: { logs, health: away },
      signal: interrupt.signal,
    });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => text.slice(31)),
    ).toEqual(['before n=3600000', 'after n=0', 'and on n=1', 'again n=2']);
    expect(stderr).toBe('wormhole: the daemon has gone; waiting for it\n');
  });

  test('-f of a daemon that was never there is a failure', async () => {
    expect((await runCli(['logs', '-f'])).code).toBe(69);
  });

  test('without a line of it, and without it, there is no such wormhole', async () => {
    const get = async (): Promise<never> => {
      throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', 'there is no wormhole x');
    };
    expect((await runCli(['logs', 'x'], { daemon: { logs: () => lines(), get } })).code).toBe(66);
    expect((await runCli(['logs', 'x'], { daemon: { logs: () => lines(line(0, 'one')), get } })).code).toBe(0);
    const there = async () => ({}) as never;
    expect((await runCli(['logs', 'x'], { daemon: { logs: () => lines(), get: there } })).code).toBe(0);
  });

  test('-f says that there is no such wormhole, and waits for one', async () => {
    const get = async (): Promise<never> => {
      throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', 'there is no wormhole x');
    };
    async function* logs(): AsyncGenerator<LogLine> {
      yield line(1, 'one');
      throw new WormholeError('WH_ERR_POLICY', 'no more');
    }
    const { stdout, stderr } = await runCli(['logs', '-f', 'x'], { daemon: { logs, health, get } });
    expect(stdout).toContain('one');
    expect(stderr).toMatch(/^wormhole: there is no wormhole x now/);
  });

  test('-f does not wait for what waiting cannot mend', async () => {
    async function* logs(): AsyncGenerator<LogLine> {
      yield line(1, 'one');
      throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', 'no wormhole has the id x');
    }
    expect((await runCli(['logs', '-f', 'x'], { daemon: { logs, health } })).code).toBe(66);
  });
});
