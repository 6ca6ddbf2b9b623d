/** Files of variables: read as Docker reads them, refused by the number of the line, never shown. */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../test/support/cli-run.ts';
import { DockerRunCaller } from '../../../test/support/docker-run-caller.ts';
import { WormholeError } from '../../lib/errors.ts';
import { splitWords } from '../../spec/shell.ts';
import { WORD_LENGTH } from './resolve.ts';

const caller = DockerRunCaller.forFile();
const file = (name: string, text: string | Uint8Array): string => caller.file(name, text);
const resolve = (argument: string, env?: Record<string, string>): Promise<string[]> => caller.resolve(argument, env);
const envOf = (argument: string, env?: Record<string, string>): Promise<unknown> => caller.envOf(argument, env);
const refusal = (argument: string): Promise<WormholeError> => caller.refusal(argument);

describe('--env-file', () => {
  test('is read as Docker reads it', async () => {
    const name = file(
      'env',
      `\uFEFF# comment\r\nA=b\r\n\n  B= it's\n\t# another\nC="quoted" 'too' $HOME \\n  \nD=\nHERE\nGONE\nE=a=b#c\nA=again\n`,
    );
    expect(await envOf(`--env-file ${name} img`, { HERE: "it's\n$two lines" })).toEqual([
      'A=again',
      "B= it's",
      `C="quoted" 'too' $HOME \\n  `,
      'D=',
      "HERE=it's\n$two lines",
      'E=a=b#c',
    ]);
  });

  test('of several the later wins, and -e wins over all of them, wherever it stands', async () => {
    file('one', 'A=1\nB=1\nC=1');
    file('two', 'B=2\nC=2');
    expect(await envOf('-e C=3 --env-file one --env-file=./two img')).toEqual(['A=1', 'B=2', 'C=3']);
  });

  test('may lie at home, elsewhere, or be a pipe', async () => {
    file('env', 'A=b');
    expect(await envOf('--env-file ~/env img', { HOME: caller.directory })).toEqual(['A=b']);
    expect(await envOf(`--env-file ${caller.directory}/env img`)).toEqual(['A=b']);
    expect(await envOf('--env-file /dev/null img')).toBeUndefined();
  });

  test('leaves the other flags, the image and the command as they were', async () => {
    file('env', 'A=b');
    const words = await resolve(`-dit -p 80:80 --rm --init=false --env-file env -l 'a b=c' img sh -c 'echo $A'`);
    expect(words).toEqual([
      '--env=A=b',
      '--detach',
      '--interactive',
      '--tty',
      '--publish=80:80',
      '--rm',
      '--init=false',
      '--label=a b=c',
      'img',
      'sh',
      '-c',
      'echo $A',
    ]);
  });

  test.each([
    ['=geheim', /line 2 of "bad" has no NAME/],
    ['ge heim=x', /line 2 of "bad" has a blank in the NAME/],
    ['geheim ', /line 2 of "bad" has a blank in the NAME/],
    ['A=geheim\0', /line 2 of "bad" has a NUL/],
  ])('a line that is none is named by its number, and not shown: %j', async (line, reason) => {
    file('bad', `A=b\n${line}\n`);
    const error = await refusal('--env-file bad img');
    expect(error).toMatchObject({ code: 'WH_ERR_SPEC_INVALID', exitCode: 65, message: expect.stringMatching(reason) });
    expect(error.message).not.toContain('geheim');
  });

  test('what cannot be read is named, and ends with 66', async () => {
    mkdirSync(join(caller.directory, 'dir'), { recursive: true });
    file('latin1', Buffer.from([0x41, 0x3d, 0xe9]));
    const expected: ReadonlyArray<readonly [string, string]> = [
      ['absent', 'does not exist'],
      ['dir', 'is a directory'],
      ['latin1', 'is not text in UTF-8'],
      ['/dev/zero', 'is longer than'],
    ];
    for (const [name, reason] of expected) {
      const { code, exitCode, message } = await refusal(`--env-file ${name} img`);
      expect([code, exitCode]).toEqual(['WH_ERR_FILE', 66]);
      expect(message).toContain('--env-file');
      expect(message).toContain(`${name}" ${reason}`);
    }
  });

  test('more than the API takes in a word is refused here', async () => {
    file('long', `A=${'x'.repeat(WORD_LENGTH)}`);
    expect((await refusal('--env-file long img')).message).toMatch(/characters; the most are 65536/);
    const schemas = JSON.parse(await readFile(new URL('../../spec/schemas.json', import.meta.url), 'utf8')) as object;
    expect(JSON.stringify(schemas)).toContain(`"maxLength":${WORD_LENGTH}`);
  });
});

describe('the command line', () => {
  const spec = ['url', ':80', 'trigger', 'docker-run', '--env-file env -v ./x:/x shop'];

  test('create sends what it resolved', async () => {
    file('env', "PW=it's $1\n");
    const asked: Array<readonly string[]> = [];
    const create = async (words: readonly string[]): Promise<never> => {
      asked.push(words);
      throw new WormholeError('WH_ERR_UNSUPPORTED', 'not now');
    };
    await runCli(['create', ...spec], { daemon: { create }, workingDirectory: caller.directory });
    expect(splitWords(asked[0]?.[4] ?? '')).toEqual(["--env=PW=it's $1", `--volume=${caller.directory}/x:/x`, 'shop']);
  });

  test('explain shows nothing of what it read', async () => {
    file('env', 'PW=geheim\n');
    for (const form of [[], ['--json']]) {
      const { code, stdout, stderr } = await runCli(['explain', ...form, ...spec], {
        workingDirectory: caller.directory,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).not.toContain('geheim');
    }
  });

  test('a file that is missing is drawn under its word, and nobody is asked', async () => {
    const { code, stderr, connects } = await runCli(['create', 'docker-run', '--env-file absent shop', 'url', ':80'], {
      workingDirectory: caller.directory,
    });
    expect({ code, connects }).toEqual({ code: 66, connects: [] });
    expect(stderr).toMatch(
      /absent" does not exist \[WH_ERR_FILE\]\n {2}docker-run '--env-file absent shop' url :80\n {2}\^{10}\n$/,
    );
  });
});
