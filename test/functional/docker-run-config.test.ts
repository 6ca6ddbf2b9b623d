/**
 * A docker-run means what `docker run` means: Docker's own command line is the oracle.
 *
 *     line ─┬─► docker create ──────────┐
 *           └─► recipeOf ─► POST /create ┴─► one engine ─► two inspects, which are to be equal
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveWords } from '../../src/cli/docker-run/resolve.ts';
import { recipeOf } from '../../src/spec/recipe/recipe.ts';
import { readRun } from '../../src/spec/run.ts';
import { runFlagNames } from '../../src/spec/run-flags.ts';
import { joinWords, splitWords } from '../../src/spec/shell.ts';
import { DockerHost, IMAGE } from '../support/docker-host.ts';
import { lines, refused } from '../support/docker-run-lines.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`docker-run-config.test.ts is skipped: ${missing}`);

/** Other than `docker run --detach`, `docker create` attaches. */
const attached = { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };

/** Answers of the engine's API. */
interface Inspect {
  readonly Config: Record<string, unknown>;
  readonly HostConfig: Record<string, unknown>;
  readonly Mounts: ReadonlyArray<Record<string, unknown>>;
  readonly NetworkSettings: { readonly Networks: Record<string, unknown> };
}

describe.skipIf(missing !== undefined)('a docker-run', () => {
  let host: DockerHost;
  beforeAll(async () => {
    host = await DockerHost.start();
    await host.docker(['network', 'create', 'shopnet']);
    await host.run({ name: 'peer' });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const wordsOf = (line: string): string[] => splitWords(line).map((word) => (word === 'IMG' ? IMAGE : word));

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const call = request({ socketPath: host.socketPath, method, path: `/v1.41${path}`, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => (text += part));
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          if (status < 300) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${status} ${text}`));
        });
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function inspect(id: string): Promise<Pick<Inspect, 'Config'>> {
    return comparable((await ask('GET', `/containers/${id}/json`)) as Inspect) as Inspect;
  }

  async function createOurs(words: readonly string[]): Promise<string> {
    const { platform, body } = recipeOf(words);
    const query = platform === undefined ? '' : `?platform=${encodeURIComponent(platform)}`;
    return ((await ask('POST', `/containers/create${query}`, body)) as { Id: string }).Id;
  }

  test.each(lines)('is made as by docker create: %s', async (line) => {
    const words = wordsOf(line);
    const theirs = await host.docker(['create', ...words]);
    const ours = await createOurs(words);
    const expected = await inspect(theirs);
    expect(await inspect(ours)).toEqual({ ...expected, Config: { ...expected.Config, ...attached } });
  });

  test.each(refused)('Docker refuses it, too: %s', async (line) => {
    const words = wordsOf(line);
    expect(() => recipeOf(words)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
    await expect(host.docker(['create', ...words])).rejects.toThrow();
  });

  test("files, the environment and relative paths are the caller's, as they are for docker create", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wormhole-run-'));
    try {
      const envFile = join(directory, 'env');
      const profile = join(directory, 'profile.json');
      await writeFile(envFile, `\uFEFF# comment\r\nA="b c" # no comment \nHOME\nGONE_${process.pid}\n\n\tB=\n`);
      await writeFile(profile, '{ "defaultAction" : "SCMP_ACT_ALLOW",\n\t"syscalls" : [ ] }\n');
      const flags = `-e C=1 --env-file ${envFile} -e PATH -v ./x:/x:ro --security-opt seccomp=${profile}`;
      const words = wordsOf(`${flags} IMG`);
      const caller = { env: process.env, workingDirectory: () => process.cwd(), signal: new AbortController().signal };
      const [, resolved = ''] = await resolveWords(['docker-run', joinWords(words)], caller);
      // Docker's command line of before 23 leaves this one to the shell.
      const whole = words.map((word) => word.replace(/^\./, process.cwd()));
      const theirs = await inspect(await host.docker(['create', ...whole]));
      const ours = await inspect(await createOurs(splitWords(resolved)));
      expect(ours).toEqual({ ...theirs, Config: { ...theirs.Config, ...attached } });

      // Docker hands both on; we hand on the one that is the container's in the end.
      await writeFile(envFile, 'C=1');
      const line = ['--env-file', envFile, '-e', 'C=2', IMAGE, 'sh', '-c', 'echo $C'];
      expect(await host.docker(['run', '--rm', '-e', 'C=3', ...line])).toBe('2');
      const [, both = ''] = await resolveWords(['docker-run', joinWords(['-e', 'C=3', ...line])], caller);
      expect(recipeOf(splitWords(both)).body['Env']).toEqual(['C=2']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('attaches nothing, as docker run --detach does', async () => {
    const words = ['-d', '-i', '-t', '--detach', IMAGE];
    const theirs = await host.docker(['run', ...words]);
    const { Config } = await inspect(theirs);
    expect((await inspect(await createOurs(words))).Config).toEqual(Config);
  });

  test('the lines above cover every flag that a recipe may hold', () => {
    const used = new Set(lines.flatMap((line) => readRun(wordsOf(line)).flags.map(({ name }) => name)));
    // The command line resolves the first, there is nothing to see of the second, the last is no part of the body.
    const elsewhere = new Set<string>(['env-file', 'detach', 'name']);
    expect(runFlagNames.filter((name) => !used.has(name) && !elsewhere.has(name))).toEqual([]);
  });
});

/** What an inspect says of a container's making, without names that the engine drew, without what is empty, in one order. */
function comparable({ Config, HostConfig, Mounts, NetworkSettings }: Inspect): unknown {
  const drawn = /^[0-9a-f]{12}$/.test(String(Config['Hostname']));
  const { Binds, Ulimits, Mounts: asked, CapAdd, CapDrop, ...rest } = HostConfig;
  return filled({
    Config: { ...Config, Env: sorted(Config['Env']), Hostname: drawn ? 'drawn' : Config['Hostname'] },
    HostConfig: {
      ...rest,
      Binds: sorted(Binds),
      Ulimits: sorted(Ulimits),
      Mounts: sorted(asked),
      // Docker's command line of before 23 leaves them as they were typed.
      CapAdd: sorted(CapAdd)?.map(capability),
      CapDrop: sorted(CapDrop)?.map(capability),
    },
    Mounts: sorted(
      Mounts.map(({ Name, Source, ...mount }) =>
        /^[0-9a-f]{64}$/.test(String(Name)) ? mount : { Name, Source, ...mount },
      ),
    ),
    Networks: Object.keys(NetworkSettings.Networks),
  });
}

/** The engine tells an empty list from none, and means the same; where it does not, it has filled in a default. */
function filled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, filled(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Docker keeps some of its lists in maps, which have no order. */
function sorted(list: unknown): string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.map((item) => (typeof item === 'string' ? item : JSON.stringify(filled(item)))).sort();
}

function capability(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}
