/** The state directory on a real disk. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import type { WormholeRecord } from './record.ts';
import { StateStore } from './store.ts';

const base = mkdtempSync(join(tmpdir(), 'wormhole-state-'));
afterAll(() => rmSync(base, { recursive: true }));
let directories = 0;
const fresh = (): string => join(base, `state-${++directories}`);

const record = (id: string, sequence = 1): WormholeRecord => ({
  version: 1,
  id,
  words: ['url', ':80', 'docker-run', '-e PW=x image'],
  createdAt: '2026-01-01T00:00:00.000Z',
  sequence,
  port: 4711,
  identities: { 'container:db': { by: 'id', id: 'abc' } },
});

const codeOf = (error: unknown): string => (WormholeError.is(error) ? error.code : String(error));

describe('the state directory', () => {
  test('gives back what was saved, in order of creation, to the next daemon', async () => {
    const directory = fresh();
    {
      using store = await StateStore.open(directory);
      await store.save(record('b', 2));
      await store.save(record('a', 10));
      await store.save(record('gone', 3));
      await store.save({ ...record('b', 2), port: 1 });
      await store.forget('gone');
      await store.forget('never-there');
    }
    using store = await StateStore.open(directory);
    expect(await store.load()).toEqual({ records: [{ ...record('b', 2), port: 1 }, record('a', 10)], damaged: [] });
  });

  test('is for the daemon alone, and leaves no drafts', async () => {
    const directory = fresh();
    mkdirSync(directory, { mode: 0o755 });
    using store = await StateStore.open(directory);
    await store.save(record('a'));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'wormholes', 'a.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'wormholes'))).toEqual(['a.json']);
  });

  test('is refused while another daemon uses it, by name of its process', async () => {
    const directory = fresh();
    {
      using _store = await StateStore.open(directory);
      const again = await StateStore.open(directory).catch((error: unknown) => error);
      expect(codeOf(again)).toBe('WH_ERR_STATE');
      expect(String(again)).toContain(`pid ${process.pid}`);
    }
    using _store = await StateStore.open(directory);
  });

  test.each([
    ['', 'not JSON'],
    ['{"version":1', 'not JSON'],
    ['null', 'the document must be an object'],
    ['{"version":2}', 'version 2; this wormholed knows version 1'],
    ['{"version":1,"id":"x","words":[],"createdAt":"t","sequence":1}', 'words must have at least 1 element(s)'],
    ['{"version":1,"id":"y","words":["a"],"createdAt":"t","sequence":1}', 'it is of y, by its name of x'],
    ['{"version":1,"id":"x","words":["a"],"createdAt":"t","sequence":1,"evil":1}', 'evil is unknown'],
  ])('sets a file with %j aside and goes on: %s', async (text, reason) => {
    const directory = fresh();
    using store = await StateStore.open(directory);
    await store.save(record('good'));
    writeFileSync(join(directory, 'wormholes', 'x.json'), text);
    const { records, damaged } = await store.load();
    expect(records.map(({ id }) => id)).toEqual(['good']);
    expect(damaged).toEqual([{ path: expect.stringMatching(/x\.json\.corrupt-[0-9TZ-]+$/), reason }]);
    expect(readdirSync(join(directory, 'wormholes'))).toHaveLength(2);
    expect((await store.load()).damaged).toEqual([]);
  });

  test('sweeps up what a crash left half-written', async () => {
    const directory = fresh();
    using store = await StateStore.open(directory);
    writeFileSync(join(directory, 'wormholes', 'a.json.new'), '{"ver');
    expect(await store.load()).toEqual({ records: [], damaged: [] });
    expect(readdirSync(join(directory, 'wormholes'))).toEqual([]);
  });

  test('A33 an id never leads out of it', async () => {
    using store = await StateStore.open(fresh());
    for (const id of ['../x', '..', '/etc/passwd', '.hidden', 'a/b', '', 'a\0']) {
      expect(codeOf(await store.save(record(id)).catch((error: unknown) => error))).toBe('WH_ERR_STATE');
    }
  });

  test('that cannot be made is an error that names it', async () => {
    const path = join(base, 'a-file');
    writeFileSync(path, '');
    const error = await StateStore.open(path).catch((thrown: unknown) => thrown);
    expect(codeOf(error)).toBe('WH_ERR_STATE');
    expect(String(error)).toContain(path);
  });
});
