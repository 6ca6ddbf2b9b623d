import { describe, expect, test } from 'vitest';
import { EngineApi } from '../../test/support/engine-api.ts';
import { longestLine } from './demultiplex.ts';

const { signal } = new AbortController();
const id = 'ab'.repeat(32);
const at = `/containers/${id}`;
const started = '2026-01-01T00:01:40.123456789Z';

function inspected(tty = false, state: object = {}) {
  return {
    Id: id,
    Name: '/web',
    State: {
      Status: 'running',
      Running: true,
      Pid: 1,
      StartedAt: started,
      FinishedAt: '0001-01-01T00:00:00Z',
      ...state,
    },
    HostConfig: { NetworkMode: 'none' },
    Config: { Image: 'web', Labels: null, Tty: tty },
  };
}

function frame(stream: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('logs', () => {
  test('are lines of both streams', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected());
    api.on(`GET ${at}/logs`, (response) => response.end(Buffer.concat([frame(1, 'out\n'), frame(2, 'err')])));
    expect(await collect(api.engine.logs(id, '', signal))).toEqual(['out', 'err']);
  });

  test('have the last lines, too, when the engine closed them with the end of the container', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected());
    const all = [frame(1, 'one\n'), frame(2, 'two\n'), frame(1, 'why'), frame(2, 'three\n')];
    let reads = 0;
    api.on(`GET ${at}/logs`, (response) => {
      api.say(`GET ${at}/json`, 200, inspected(false, { Running: false }));
      reads += 1;
      response.end(Buffer.concat(reads === 1 ? all.slice(0, 3) : all));
    });
    expect(await collect(api.engine.logs(id, '', signal))).toEqual(['one', 'two', 'three', 'why']);
  });

  test('of a container that is removed when it ends have what came', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected());
    api.on(`GET ${at}/logs`, (response) => {
      api.say(`GET ${at}/json`, 404, 'No such container');
      response.end(Buffer.concat([frame(1, 'one\n'), frame(1, 'why')]));
    });
    expect(await collect(api.engine.logs(id, '', signal))).toEqual(['one', 'why']);
  });

  test('of a terminal are lines without frames', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected(true));
    api.on(`GET ${at}/logs`, (response) => response.end('one\r\ntwo\r\n'));
    expect(await collect(api.engine.logs(id, '', signal))).toEqual(['one', 'two']);
  });

  test('begin a little before the start, which the engine notices late, but after the end of the run before', async () => {
    await using api = await EngineApi.start();
    api.on(`GET ${at}/logs`, (response) => response.end());
    const since = async (given: string, state: object = {}): Promise<string> => {
      api.say(`GET ${at}/json`, 200, inspected(false, state));
      await collect(api.engine.logs(id, given, signal));
      const asked = api.asked.findLast((one) => one.includes('/logs')) ?? '';
      return new URL(asked.slice('GET '.length), 'http://x').searchParams.get('since') ?? '';
    };
    const start = Date.UTC(2026, 0, 1, 0, 1, 40) / 1000;
    expect(await since('')).toBe(`${start - 2}.123000`);
    expect(await since(started)).toBe(`${start - 2}.123000`);
    expect(await since('', { FinishedAt: '2026-01-01T00:01:39.123Z' })).toBe(`${start - 1}.623000`);
    expect(await since('', { Running: false, FinishedAt: '2026-01-01T00:01:50Z' })).toBe(`${start}.023000`);
    expect(await since('', { Running: false, FinishedAt: '2026-01-01T00:01:40.122Z' })).toBe(`${start}.022000`);
    expect(await since('2026-01-01T02:00:00.123456789+02:00')).toBe(`${Date.UTC(2026, 0, 1) / 1000}.123456789`);
    expect(await since('2026-01-01T00:00:00Z')).toBe(`${Date.UTC(2026, 0, 1) / 1000}`);
    expect(await since('', { StartedAt: '0001-01-01T00:00:00Z' })).toBe('0.000000');
  });

  test('wait for their reader, and hold back a container that writes without end', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected());
    let sent = 0;
    api.on(`GET ${at}/logs`, (response) => {
      const block = frame(1, `${'x'.repeat(1023)}\n`.repeat(64));
      const pour = (): void => {
        while (!response.destroyed && response.write(block)) sent += block.length;
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    });
    const given = new AbortController();
    const lines = api.engine.logs(id, '', given.signal)[Symbol.asyncIterator]();
    await lines.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent).toBeLessThan(8 * 1024 * 1024);
    await lines.return?.();
  });

  test('end with their signal while nothing is written, and hang up', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected());
    const given = new AbortController();
    const gone = new Promise<void>((resolve) => {
      api.on(`GET ${at}/logs`, (response) => {
        response.on('close', resolve);
        response.write(frame(1, 'one\n'));
      });
    });
    const lines = api.engine.logs(id, '', given.signal)[Symbol.asyncIterator]();
    expect(await lines.next()).toEqual({ value: 'one', done: false });
    const waiting = lines.next();
    given.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await gone;
  });

  test('say why they cannot be had', async () => {
    await using api = await EngineApi.start();
    const failure = () => collect(api.engine.logs(id, '', signal));
    await expect(failure()).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_NOT_FOUND' });
    api.say(`GET ${at}/json`, 200, inspected());
    api.say(`GET ${at}/logs`, 501, 'configured logging driver does not support reading');
    await expect(failure()).rejects.toMatchObject({
      code: 'WH_ERR_UNSUPPORTED',
      message: expect.stringContaining('does not support reading') as string,
    });
    api.on(`GET ${at}/logs`, (response) => response.end('no frames at all'));
    await expect(failure()).rejects.toMatchObject({ code: 'WH_ERR_DOCKER_UNAVAILABLE' });
    api.on(`GET ${at}/logs`, (response) => response.write(frame(1, 'x'), () => response.destroy()));
    await expect(failure()).rejects.toMatchObject({ code: 'WH_ERR_DOCKER_UNAVAILABLE' });
  });

  test('a line longer than 8 KiB is cut', async () => {
    await using api = await EngineApi.start();
    api.say(`GET ${at}/json`, 200, inspected());
    const long = Array.from({ length: 40 }, () => frame(2, 'y'.repeat(1000)));
    api.on(`GET ${at}/logs`, (response) => response.end(Buffer.concat([...long, frame(2, '\nnext\n')])));
    expect(await collect(api.engine.logs(id, '', signal))).toEqual(['y'.repeat(longestLine), 'next']);
  });
});
