/**
 * The session of somebody who has Docker's command line and no engine: every kind of connection that it makes to an engine
 * somewhere else, short, long, upgraded, half-closed. Who carries the connections there is the caller's choice.
 *
 *     docker ──► address in the client's host ── … ──► dockerd
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IMAGE } from './docker-host.ts';
import type { Host } from './host.ts';
import type { Ended, ProgramOptions, Running } from './program.ts';
import { until } from './relay-wait.ts';

export interface Session {
  /** Where docker runs. */
  readonly client: Host;
  /** For DOCKER_HOST; its engine has {@link IMAGE}. */
  readonly address: string;
}

/** Defines the tests; they leave no container and no image behind. */
export function dockerSession(session: () => Session): void {
  const begin = (words: readonly string[], options: ProgramOptions = {}): Running => {
    const { client, address } = session();
    return client.start(words, {
      ...options,
      env: { DOCKER_HOST: address, HOME: '/nonexistent', DOCKER_BUILDKIT: '0' },
    });
  };
  const docker = (words: string, options?: ProgramOptions): Promise<Ended> =>
    begin(['docker', ...words.split(' ')], options).ended;

  test('docker ps, docker run, and its exit code', async () => {
    expect(await docker('ps --quiet')).toMatchObject({ code: 0, stdout: '' });
    expect(await docker(`run --rm ${IMAGE} busybox echo hello`)).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect(await docker(`run --rm ${IMAGE} busybox false`)).toMatchObject({ code: 1 });
  });

  test('docker run -i: a megabyte there and back, and the end of input on its way', async () => {
    const text = randomBytes(512 * 1024).toString('hex');
    const { code, stdout } = await docker(`run --rm -i ${IMAGE} cat`, { stdin: text });
    expect({ code, length: stdout.length, same: stdout === text }).toEqual({
      code: 0,
      length: text.length,
      same: true,
    });
  });

  test('docker run -it: a terminal', async () => {
    // script(1) is the terminal; what it is told to run is split by a shell of its own.
    const running = begin(
      ['script', '--quiet', '--return', '--command', `docker run --rm -it ${IMAGE} sh`, '/dev/null'],
      {
        stdin: { open: true },
      },
    );
    await until('a prompt came', () => running.output.stdout.includes('# '));
    running.child.stdin?.write('echo $((6 * 7)) ; test -t 0 && echo terminal\r');
    await until('the answer came', () => /\n42\r\nterminal\r\n/.test(running.output.stdout));
    running.child.stdin?.write('exit 7\r');
    expect(await running.ended).toMatchObject({ code: 7 });
  });

  test('docker build: a folder of megabytes goes there, and its file is as it was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wormhole-build-'));
    try {
      const data = randomBytes(4 << 20);
      writeFileSync(join(folder, 'data'), data);
      writeFileSync(join(folder, 'Dockerfile'), `FROM ${IMAGE}\nCOPY data /data\nRUN busybox sha256sum /data > /sum\n`);
      const built = await docker(`build --quiet --tag wormhole/built ${folder}`);
      expect(built).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:/) });
      const sum = createHash('sha256').update(data).digest('hex');
      expect((await docker('run --rm wormhole/built cat /sum')).stdout).toBe(`${sum}  /data\n`);
      expect((await docker('rmi wormhole/built')).code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('docker logs -f: lines as they are written, and the end of the container', async () => {
    const lines = 'n=0; while :; do echo line $n; n=$((n+1)); busybox usleep 20000; done';
    const { client, address } = session();
    const run = ['docker', 'run', '--detach', '--name=talker', '--stop-signal=KILL', IMAGE, 'sh', '-c', lines];
    expect(await client.run(run, { env: { DOCKER_HOST: address } })).toMatchObject({ code: 0 });
    const logs = begin(['docker', 'logs', '--follow', 'talker']);
    await until('a few lines came', () => logs.output.stdout.includes('line 10\n'));
    expect(logs.output.stdout.startsWith('line 0\nline 1\nline 2\n')).toBe(true);
    expect(await docker('rm --force talker')).toMatchObject({ code: 0 });
    expect((await logs.ended).code).toBe(0);
  });

  test('ten at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => docker('version --format {{.Server.Os}}')));
    expect(new Set(all.map(({ code, stdout }) => `${code} ${stdout}`))).toEqual(new Set(['0 linux\n']));
  });
}
