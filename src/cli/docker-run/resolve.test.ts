/** What only the caller has, put into the words before they leave; with real files. */
import { describe, expect, test } from 'vitest';
import { DockerRunCaller } from '../../../test/support/docker-run-caller.ts';
import type { WormholeError } from '../../lib/errors.ts';
import { recipeOf } from '../../spec/recipe/recipe.ts';
import { splitWords } from '../../spec/shell.ts';
import { resolveWords } from './resolve.ts';

const caller = DockerRunCaller.forFile();
const file = (name: string, text: string | Uint8Array): string => caller.file(name, text);
const resolve = (argument: string, env?: Record<string, string>): Promise<string[]> => caller.resolve(argument, env);
const envOf = (argument: string, env?: Record<string, string>): Promise<unknown> => caller.envOf(argument, env);
const refusal = (argument: string): Promise<WormholeError> => caller.refusal(argument);

describe('-e NAME', () => {
  test("takes the caller's value, whatever is in it, and nothing when it is unset", async () => {
    const env = { A: `'"$x\\ \n`, EMPTY: '' };
    expect(await envOf('-e A --env=EMPTY -e GONE -e B=c img', env)).toEqual([`A='"$x\\ \n`, 'EMPTY=', 'B=c']);
    expect(await envOf('-e toString img', {})).toBeUndefined();
  });
});

describe('-v and --mount', () => {
  test.each([
    ['-v ./x:/y', '--volume=DIR/x:/y'],
    ['-v .:/y:ro', '--volume=DIR:/y:ro'],
    ['-v ../x:/y', '--volume=UP/x:/y'],
    ['-v ~/x:/y', '--volume=/home/me/x:/y'],
    ['-v ~:/y', '--volume=/home/me:/y'],
    ['--mount type=bind,source=./x,target=/y', '--mount=type=bind,source=DIR/x,target=/y'],
    ['--mount type=bind,src=~/a,target=/y,ro', '--mount=type=bind,source=/home/me/a,target=/y,ro'],
    [`--mount 'type=bind,"src=./a,b",target=/y'`, '--mount=type=bind,"source=DIR/a,b",target=/y'],
  ])('%s becomes %s', async (flags, expected) => {
    const up = caller.directory.replace(/\/[^/]+$/, '');
    const [word] = await resolve(`${flags} img`, { HOME: '/home/me' });
    expect(word).toBe(expected.replace('DIR', caller.directory).replace('UP', up));
    expect(() => recipeOf([word ?? '', 'img'])).not.toThrow();
  });

  test.each([
    '-v data:/data img',
    '-v /srv/x:/x img',
    '--mount source=data,target=/x img',
    '-v ./data img',
    'img ./x:/y -e A',
  ])('leaves as it is what is not relative to anything: %s', async (argument) => {
    expect(await resolve(argument)).toEqual(splitWords(argument));
  });

  test("somebody else's home is not guessed, and a colon in the path has its remedy", async () => {
    expect((await refusal('-v ~root/x:/y img')).message).toMatch(/write the whole path/);
    const other = { env: {}, workingDirectory: () => '/tmp/a:b', signal: new AbortController().signal };
    await expect(resolveWords(['docker-run', '-v ./x:/y img'], other)).rejects.toThrow(/use --mount/);
  });

  test('a working caller.directory that is gone is said to be', async () => {
    const workingDirectory = (): string => {
      throw new Error('ENOENT: uv_cwd');
    };
    const other = { env: {}, workingDirectory, signal: new AbortController().signal };
    const attempt = resolveWords(['docker-run', '-v ./x:/y img'], other);
    await expect(attempt).rejects.toMatchObject({ code: 'WH_ERR_FILE', message: expect.stringMatching(/is gone/) });
  });
});

describe('--security-opt seccomp=FILE', () => {
  test('holds the profile itself afterwards, without its blanks and with all of its digits', async () => {
    file('profile.json', '{\n  "a b": [ 1.0, 12345678901234567890 ],\t"q\\"": "x  y"\r\n}\n');
    const words = await resolve('--security-opt seccomp=./profile.json img');
    expect(words[0]).toBe('--security-opt=seccomp={"a b":[1.0,12345678901234567890],"q\\"":"x  y"}');
    expect(recipeOf(words).body['HostConfig']).toMatchObject({
      SecurityOpt: [words[0]?.slice('--security-opt='.length)],
    });
  });

  test.each(['seccomp=unconfined', 'seccomp:unconfined', `'seccomp={}'`, 'no-new-privileges', 'label=disable'])(
    'what names no file stays: %s',
    async (value) => {
      expect(await resolve(`--security-opt ${value} img`)).toEqual(splitWords(`--security-opt ${value} img`));
    },
  );

  test('what is no profile is refused', async () => {
    file('broken.json', '{"geheim"');
    file('list.json', '[]');
    for (const name of ['broken.json', 'list.json']) {
      const { code, message } = await refusal(`--security-opt seccomp=${name} img`);
      expect(code).toBe('WH_ERR_SPEC_INVALID');
      expect(message).toContain(name);
      expect(message).not.toContain('geheim');
    }
    expect((await refusal('--security-opt seccomp=absent.json img')).code).toBe('WH_ERR_FILE');
  });
});

test('every docker-run of a spec is resolved, in both spellings, and nothing else', async () => {
  const other = { env: { A: 'b' }, workingDirectory: () => '/w', signal: new AbortController().signal };
  const words = ['url', './x:/y', 'docker-run', '-v ./x:/y img', 'child', 'docker-run=-e A img', 'remote', 'p'];
  expect(await resolveWords(words, other)).toEqual([
    'url',
    './x:/y',
    'docker-run',
    '--volume=/w/x:/y img',
    'child',
    'docker-run=--env=A=b img',
    'remote',
    'p',
  ]);
});

test('an interrupt ends a wait for a file', async () => {
  const interrupt = new AbortController();
  interrupt.abort();
  const other = { env: {}, workingDirectory: () => caller.directory, signal: interrupt.signal };
  await expect(resolveWords(['docker-run', '--env-file /dev/zero img'], other)).rejects.toThrow(/abort/);
});

describe('auth', () => {
  const words = (line: string): Promise<readonly string[]> => {
    const { signal } = new AbortController();
    const surroundings = { env: { HOME: '/home/me' }, workingDirectory: () => '/srv', signal };
    return resolveWords(line.split(' '), surroundings);
  };

  test.each([
    ['url :1 connect auth users', 'url :1 connect auth /srv/users'],
    ['url :1 connect auth ./a/../users', 'url :1 connect auth /srv/users'],
    ['url :1 connect auth=~/users', 'url :1 connect auth=/home/me/users'],
    ['url :1 connect auth /etc/users', 'url :1 connect auth /etc/users'],
    ['url :1 remote p connect auth users', 'url :1 remote p connect auth users'],
  ])('names a file of the machine that it is about: %s', async (line, expected) => {
    expect((await words(line)).join(' ')).toBe(expected);
  });
});
