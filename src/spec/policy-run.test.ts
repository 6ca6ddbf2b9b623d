/** What a peer may have started, attacked. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeRun } from './policy-run.ts';
import { defaultPolicy, type PolicyShape, parsePolicy } from './policy-shape.ts';
import { recipeOf } from './recipe/recipe.ts';
import { findRunFlag, type RunFlagName, runFlagNames, runFlags } from './run-flags.ts';

const own = { controlPorts: [9999], localAddresses: ['192.0.2.7'] };
const policy = (shape: PolicyShape = {}) => parsePolicy({ ...defaultPolicy, ...shape }, 'the policy');
const judge = (words: string, shape?: PolicyShape): string | undefined =>
  judgeRun(recipeOf(words.split(' ')), policy(shape), own)?.reason;

/** A value for each flag that takes one. */
const values: Partial<Record<RunFlagName, string>> = {
  env: 'A=b',
  volume: '/:/host',
  mount: 'type=bind,source=/,target=/host',
  workdir: '/srv',
  user: '1000:1000',
  entrypoint: '/bin/sh',
  name: 'shop',
  hostname: 'shop',
  label: 'traefik.enable=true',
  network: 'shop',
  'add-host': 'db:10.0.0.7',
  dns: '10.0.0.7',
  memory: '64m',
  cpus: '0.5',
  'shm-size': '64m',
  ulimit: 'nofile=1024',
  'cap-add': 'SYS_ADMIN',
  'cap-drop': 'ALL',
  tmpfs: '/run',
  device: '/dev/sda',
  'security-opt': 'apparmor=unconfined',
  restart: 'always',
  platform: 'linux/arm64',
  pull: 'always',
  publish: '8080:80',
  'stop-timeout': '60',
  'stop-signal': 'TERM',
  'health-cmd': 'true',
  'health-interval': '1s',
  'health-retries': '3',
  'health-timeout': '1s',
};

/** Of what reaches out of the container, or stays when the wormhole has gone. */
const reaching: ReadonlySet<RunFlagName> = new Set<RunFlagName>([
  'volume',
  'mount',
  'name',
  'label',
  'network',
  'add-host',
  'dns',
  'shm-size',
  'ulimit',
  'cap-add',
  'tmpfs',
  'device',
  'security-opt',
  'privileged',
  'restart',
  'publish',
  'stop-timeout',
]);

const written = (name: RunFlagName): string =>
  runFlags[name].value === undefined ? `--${name} web` : `--${name} ${values[name]} web`;

describe('what a peer may have started', () => {
  test('is an image with a command, an environment and what concerns the container alone', () => {
    expect(judge('web')).toBeUndefined();
    expect(
      judge('-e A=b -w /srv -u 1000 --memory 64m --rm --init --read-only --cap-drop ALL web serve -v /:/host'),
    ).toBe(undefined);
  });

  test.each(runFlagNames.filter((name) => name !== 'env-file'))('A27 --%s is judged by what it does', (name) => {
    const denied = judge(written(name));
    if (reaching.has(name)) expect(denied).toContain(`its run-flags do not include ${name}`);
    else expect(denied).toBeUndefined();
    expect(judge(written(name), { 'run-flags': [name] })).toBeUndefined();
  });

  test('docs/peers.md names each flag as free, as one to be listed, or as both where its value decides', () => {
    const page = readFileSync(new URL('../../docs/peers.md', import.meta.url), 'utf8');
    const [, free = '', listed = ''] =
      /may say without being listed: ([^]*?)\n\n(Everything else [^]*?)To share/.exec(page) ?? [];
    const named = (text: string, flag: RegExp) =>
      new Set([...text.matchAll(flag)].map(([, name = '']) => findRunFlag(name)?.name ?? name));
    const health = runFlagNames.filter((name) => name.startsWith('health-'));
    // The caller's own command line has put env in place of it.
    const others = runFlagNames.filter((name) => ![...reaching, ...health, 'env-file'].includes(name));
    expect(free).toContain('`--health-…`');
    expect(named(free, /`--?([a-z-]+)(?=[` ])/g)).toEqual(new Set([...others, 'network', 'security-opt']));
    expect(named(listed.replace(/`run-flags[^`]*`/g, ''), /`([a-z-]+)`/g)).toEqual(reaching);
  });

  test.each([
    '-v /var/run/docker.sock:/x web',
    '-v vol:/x web',
    '-v /x web',
    '--mount type=tmpfs,target=/x web',
    '--network host web',
    '--network container:db web',
    '--net=host web',
    '--privileged=true web',
    '--security-opt seccomp=unconfined web',
    '--security-opt systempaths=unconfined web',
    '--security-opt no-new-privileges=false web',
    '--cap-add ALL web',
    '--device /dev/kmsg web',
    '-p 127.0.0.1::80 web',
    '-itv /:/host web',
  ])('A9 A27 %s is denied', (words) => {
    expect(judge(words)).toMatch(/^--.*: its run-flags do not include/);
  });

  test('A27 a network of the host or of another container needs its value among the flags', () => {
    const flags = (...list: string[]): PolicyShape => ({ 'run-flags': list });
    expect(judge('--network shop web', flags('network'))).toBeUndefined();
    expect(judge('--network host web', flags('network'))).toContain('network=host');
    expect(judge('--network host web', flags('network=host'))).toBeUndefined();
    expect(judge('--network container:db web', flags('network', 'network=host'))).toContain('network=container:db');
    expect(judge('--network container:db web', flags('network=container:db'))).toBeUndefined();
    for (const mode of ['bridge', 'none', 'default']) expect(judge(`--network ${mode} web`)).toBeUndefined();
    // By its id the network of the host has another name.
    expect(judge('--network 0a1b2c3d4e5f web', flags('network', 'network=host'))).toContain('network=0a1b2c3d4e5f');
  });

  test('what only hardens needs no permission', () => {
    expect(judge('--security-opt no-new-privileges web')).toBeUndefined();
    expect(judge('--restart no web')).toBeUndefined();
    expect(judge('--privileged=false web')).toBeUndefined();
  });

  test('A27 a member that no policy knows is denied, whoever adds it to the recipe', () => {
    const recipe = recipeOf(['web']);
    const host = recipe.body['HostConfig'] as object;
    for (const body of [
      { ...recipe.body, HostConfig: { ...host, PidMode: 'host' } },
      { ...recipe.body, HostConfig: { ...host, UsernsMode: 'host' } },
      { ...recipe.body, HostConfig: 'x' },
      { ...recipe.body, NetworkingConfig: {} },
      JSON.parse('{"__proto__": {}, "Image": "web"}') as object,
      { ...recipe.body, constructor: {} },
    ]) {
      expect(judgeRun({ ...recipe, body: { ...body } }, policy(), own)?.reason).toContain('no policy knows it');
    }
    expect(judgeRun({ ...recipe, runtime: 'x' } as never, policy(), own)?.reason).toContain('runtime');
  });

  test.each([
    ['169.254.169.254/latest/meta-data', 'metadata'],
    ['[::ffff:a9fe:a9fe]:80/x', 'metadata'],
    ['127.0.0.1:9999/x', 'control port'],
    ['localhost:9999/x:1', 'control port'],
    ['192.0.2.7:9999/x@sha256:0123456789abcdef0123456789abcdef', 'control port'],
    ['[::]:80/x', 'unspecified'],
  ])('A17 the engine is not sent to %s for an image', (image, reason) => {
    expect(judge(image)).toContain(reason);
  });

  test.each(['10.0.0.7:5000/x', 'localhost:5000/x', 'registry.example/x', 'web', `sha256:${'a'.repeat(64)}`])(
    'the registry of %s may be asked',
    (image) => {
      expect(judge(image)).toBeUndefined();
    },
  );

  test('needs the verb and an image that is listed', () => {
    expect(judge('web', { verbs: ['dial'] })).toContain('its verbs do not include docker-run');
    expect(judge('web', { images: [] })).toContain('none of its images');
    expect(judge('web', { images: ['db', 'web:*'] })).toBeUndefined();
  });

  test('A10 no denial repeats a value', () => {
    for (const words of ['-e PW=hunter2 -v /hunter2:/x web', '--name hunter2 web', '--label pw=hunter2 web']) {
      expect(judge(words)).not.toContain('hunter2');
    }
  });
});
