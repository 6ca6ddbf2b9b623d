import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aWormhole, runCli } from '../../../test/support/cli-run.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Wormhole } from '../../spec/api.ts';

const folder = mkdtempSync(join(tmpdir(), 'wh-compose-verb-'));
const project = join(folder, 'My.Shop');

beforeAll(() => {
  mkdirSync(project);
  writeFileSync(join(project, '.env'), 'TAG=1.2\nUNUSED=$NONE\n');
  writeFileSync(
    join(project, 'docker-compose.yml'),
    'services:\n  web: {image: "web:$TAG", ports: ["127.0.0.1:80:80"], restart: always, depends_on: [db]}\n  db: {image: redis}\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const lines = (idle: string, name = 'myshop', tag = '1.2'): string =>
  `wormhole create id ${name}-db label compose.project=${name} label compose.service=db ` +
  `url unix:///run/wormhole/${name}-db-6379.sock mode 0600 trigger url :6379 docker-run '--name ${name}-db-1 redis'${idle}\n` +
  `wormhole create id ${name}-web label compose.project=${name} label compose.service=web url 127.0.0.1:80 ` +
  `trigger docker-run '--name ${name}-web-1 --add-host db:127.0.0.1 web:${tag}'${idle} ` +
  `child url tcp://127.0.0.1:6379 tail url unix:///run/wormhole/${name}-db-6379.sock\n`;

/** A daemon that remembers what it was asked, and fails at an id. */
function recorder(failing?: string) {
  const asked: string[] = [];
  const create = async (words: readonly string[]): Promise<Wormhole> => {
    const id = words[1] ?? '';
    asked.push(`create ${id}`);
    if (id === failing) throw new WormholeError('WH_ERR_WORMHOLE_EXISTS', `${id} is taken`);
    return aWormhole({ id, url: `tcp://127.0.0.1:${asked.length}` });
  };
  const remove = async (id: string, options?: object): Promise<Wormhole> => {
    asked.push(`delete ${id} ${JSON.stringify(options)}`);
    return aWormhole({ id });
  };
  return { asked, daemon: { create, delete: remove } };
}

describe('compose', () => {
  test('prints a line for each service, which a shell takes, and on stderr what was changed; asks nobody', async () => {
    const { code, stdout, stderr, connects } = await runCli(['compose', project]);
    expect({ code, stdout, connects }).toEqual({ code: 0, stdout: lines(' idle 15m'), connects: [] });
    expect(stderr).toBe(
      '.env: variable NONE is not set; nothing is put in its place\n' +
        'web: restart is left out; the next connection starts a container that has ended\n',
    );
  });

  test('takes the project and the idle time from options, variables from the environment before .env', async () => {
    const argv = ['compose', '--project', 'p', '--idle', 'never', join(project, 'docker-compose.yml')];
    const env = { TAG: '9', COMPOSE_PROJECT_NAME: 'other' };
    expect((await runCli(argv, { env })).stdout).toBe(lines('', 'p', '9'));
    expect((await runCli(['compose', '--idle', '1h', project], { env })).stdout).toBe(lines(' idle 1h', 'other', '9'));
  });

  test('a relative file is one of the caller, as the names in it are of its directory', async () => {
    const { code, stdout } = await runCli(['compose', 'My.Shop/docker-compose.yml'], { workingDirectory: folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: lines(' idle 15m') });
  });

  test('--json has the words and the notes', async () => {
    const { stdout } = await runCli(['compose', '--json', project, 'db']);
    expect(JSON.parse(stdout)).toMatchObject({ project: 'myshop', wormholes: [], notes: expect.any(Array) as unknown });
  });

  test('--apply creates them, those that others need first', async () => {
    const { asked, daemon } = recorder();
    const { code, stdout } = await runCli(['compose', '--apply', project], { daemon });
    expect(asked).toEqual(['create myshop-db', 'create myshop-web']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'myshop-db tcp://127.0.0.1:1\nmyshop-web tcp://127.0.0.1:2\n',
    });
  });

  test('--apply creates all or none', async () => {
    const { asked, daemon } = recorder('myshop-web');
    const { code, stdout, stderr } = await runCli(['compose', '--apply', project], { daemon });
    expect(asked).toEqual(['create myshop-db', 'create myshop-web', 'delete myshop-db {"now":true}']);
    expect({ code, stdout }).toEqual({ code: 73, stdout: '' });
    expect(stderr).toContain('myshop-web is taken [WH_ERR_WORMHOLE_EXISTS]');
  });

  test('--apply that is interrupted leaves nothing of what it has created', async () => {
    const { asked, daemon } = recorder();
    const interrupt = new AbortController();
    const create = async (words: readonly string[]): Promise<Wormhole> => {
      const made = await daemon.create(words);
      if (asked.length === 1) return made;
      interrupt.abort();
      throw new WormholeError('WH_ERR_ABORTED', 'it was aborted');
    };
    const argv = ['compose', '--apply', project];
    const { code, connects } = await runCli(argv, { daemon: { ...daemon, create }, signal: interrupt.signal });
    expect(code).toBe(130);
    expect(asked.at(-1)).toBe('delete myshop-db {"now":true}');
    // By a connection that the interrupt does not end, and a daemon that hangs neither.
    expect(connects.at(-1)).toMatchObject({ timeoutMs: expect.any(Number), signal: { aborted: false } });
  });

  test('--apply waits for images as long as they take', async () => {
    const file = join(folder, 'ports.yml');
    writeFileSync(
      file,
      'services: {a: {image: a, ports: ["127.0.0.1:1:1", "127.0.0.1:2:2"]}, b: {image: b, expose: ["3"]}}',
    );
    const options: unknown[] = [];
    const create = async (words: readonly string[], how?: object): Promise<Wormhole> => {
      options.push([words[1], how]);
      return aWormhole();
    };
    expect((await runCli(['compose', '--apply', '--project', 'p', file], { daemon: { create } })).code).toBe(0);
    expect(options).toEqual([
      ['p-a', { timeoutMs: 0 }],
      ['p-a.2', {}],
    ]);
  });

  test('a file that cannot be translated ends with 65, and nothing is printed or created', async () => {
    const file = join(folder, 'bad.yml');
    writeFileSync(file, 'services: {a: {build: .}, b: {image: b, ports: ["1:1"]}}');
    const { code, stdout, stderr, connects } = await runCli(['compose', '--apply', file]);
    expect({ code, stdout, connects }).toEqual({ code: 65, stdout: '', connects: [] });
    expect(stderr).toMatch(/\nwormhole: the compose file cannot be translated: a: build: .* \[WH_ERR_COMPOSE\]\n$/);
  });

  test.each([
    [['none.yml'], 66, /none\.yml does not exist/],
    [[folder], 65, /has none of compose\.yaml, compose\.yml/],
    [['--project', 'No Name', project], 65, /"No Name" is no name of a project/],
    [['--idle', '5', project], 64, /--idle \(a duration, or never\): duration "5" has no unit/],
    [['--bind', '', project], 64, /--bind is empty/],
    [['/dev/zero'], 65, /larger than 1024 KiB/],
  ])('compose %j ends with %i', async (argv, code, message) => {
    const result = await runCli(['compose', ...argv]);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });
});
