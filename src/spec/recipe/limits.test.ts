/** Resources, capabilities, devices, health, life: flags with a small language each. */
import { describe, expect, test } from 'vitest';
import { splitWords } from '../shell.ts';
import { recipeOf } from './recipe.ts';

const body = (flags: string): Record<string, unknown> => recipeOf(splitWords(`${flags} img`)).body;
const host = (flags: string): Record<string, unknown> => body(flags)['HostConfig'] as Record<string, unknown>;

test.each([
  ['-m 512m', { Memory: 512 * 1024 ** 2 }],
  ['--memory=1.5g', { Memory: 1.5 * 1024 ** 3 }],
  ['-m 1g -m 6m', { Memory: 6 * 1024 ** 2 }],
  ['-m 0', { Memory: 0 }],
  ['--shm-size 64K', { ShmSize: 65_536 }],
  ['--cpus 1.5', { NanoCpus: 1_500_000_000 }],
  ['--cpus .01', { NanoCpus: 10_000_000 }],
  ['--cpus 0.123456789', { NanoCpus: 123_456_789 }],
  ['--ulimit nofile=1024:2048', { Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 2048 }] }],
  ['--ulimit core=0 --ulimit core=-1', { Ulimits: [{ Name: 'core', Soft: -1, Hard: -1 }] }],
  ['--cap-add net_admin --cap-drop CAP_CHOWN', { CapAdd: ['CAP_NET_ADMIN'], CapDrop: ['CAP_CHOWN'] }],
  ['--cap-add all', { CapAdd: ['ALL'] }],
  [
    '--device /dev/fuse',
    { Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }] },
  ],
  ['--device /dev/a:r', { Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'r' }] }],
  [
    '--device /dev/a:/dev/b:rw',
    { Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rw' }] },
  ],
  ['--security-opt no-new-privileges', { SecurityOpt: ['no-new-privileges'] }],
  [
    `--security-opt 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'`,
    { SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'] },
  ],
  ['--security-opt systempaths=unconfined', { MaskedPaths: [], ReadonlyPaths: [] }],
  ['--restart on-failure:3', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }],
  ['--rm --init --read-only --privileged', { AutoRemove: true, Init: true, ReadonlyRootfs: true, Privileged: true }],
  ['--rm --restart no', { AutoRemove: true }],
  ['--rm --rm=false --restart always', { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } }],
])('%s becomes %o of the host', (flags, expected) => {
  expect(host(flags)).toMatchObject(expected);
});

test.each([
  ['-w /srv -u 1000:adm -h shop', { WorkingDir: '/srv', User: '1000:adm', Hostname: 'shop' }],
  ['--entrypoint ""', { Entrypoint: [''] }],
  ['--entrypoint /bin/x', { Entrypoint: ['/bin/x'] }],
  ['--stop-signal sigrtmin+3 --stop-timeout -1', { StopSignal: 'sigrtmin+3', StopTimeout: -1 }],
  ['-dit', { Tty: true, OpenStdin: true }],
  ['-l a -l b=c=d', { Labels: { a: '', b: 'c=d' } }],
  ['-e A=1 -e B= -e A=2', { Env: ['A=2', 'B='] }],
  ['--no-healthcheck', { Healthcheck: { Test: ['NONE'] } }],
  [
    `--health-cmd 'a | b' --health-interval 1m30s --health-timeout 1.5s --health-retries 3`,
    { Healthcheck: { Test: ['CMD-SHELL', 'a | b'], Interval: 90e9, Timeout: 1.5e9, Retries: 3 } },
  ],
  ['--health-interval 5000us --health-interval 1h', { Healthcheck: { Interval: 3600e9 } }],
])('%s becomes %o', (flags, expected) => {
  expect(body(flags)).toMatchObject(expected);
});

describe('refuses', () => {
  test.each([
    ['-m 5m', /--memory: .*the least is 6m/],
    ['-m lots', /--memory: "lots" is not a size/],
    ['-m -1', /--memory: "-1" is not a size/],
    ['--cpus two', /--cpus: .*write for example 2, 1\.5/],
    ['--cpus .', /--cpus: /],
    ['--cpus 0.001', /--cpus: .*the least is 0\.01/],
    ['--cpus 1e1', /--cpus: /],
    ['--cpus 0.1234567891', /--cpus: /],
    ['--ulimit nofile', /--ulimit: .*NAME=SOFT/],
    ['--ulimit files=1', /--ulimit: "files" is not the name of a limit; the names are core/],
    ['--ulimit nofile=2:1', /--ulimit: .*above the hard one/],
    ['--ulimit nofile=-1:5', /--ulimit: .*above the hard one/],
    ['--ulimit nofile=1:2:3', /--ulimit: .*NAME=SOFT/],
    ['--cap-add NET_ADMN', /--cap-add: "NET_ADMN" is not a capability/],
    ['--device null', /--device: .*absolute/],
    ['--device /dev/null:rwx', /--device: .*absolute/],
    ['--device /dev/a:/dev/b:rr', /--device: "rr" is not a mode/],
    ['--device /a:/b:r:w', /--device: /],
    ['--security-opt seccomp=./profile.json', /--security-opt: the daemon reads no files/],
    ['--security-opt seccomp={x', /--security-opt: the seccomp profile is not JSON/],
    ['--security-opt frob=1', /--security-opt: "frob" is not a security option/],
    ['--security-opt no-new-privileges=maybe', /--security-opt: .*switch/],
    ['--security-opt apparmor', /--security-opt: apparmor has no value/],
    ['--security-opt systempaths=x', /--security-opt: .*unconfined/],
    ['--restart sometimes', /--restart: .*unless-stopped/],
    ['--restart always:3', /--restart: .*only on-failure/],
    ['--restart on-failure:x', /--restart: /],
    ['--rm --restart always', /--restart: .*--rm/],
    ['--detach=false', /--detach: .*always runs detached/],
    ['-w srv', /--workdir: "srv" is not absolute/],
    ['-u "a b"', /--user: /],
    ['-u a:b:c', /--user: /],
    ['-h "a b"', /--hostname: /],
    ['--name x', /--name: "x" is not a name/],
    ['--name /shop', /--name: /],
    ['--platform linux/', /--platform: .*linux\/arm64/],
    ['--pull sometimes', /--pull: .*missing, always or never/],
    ['--stop-signal SIGFROB', /--stop-signal: .*SIGTERM/],
    ['--stop-signal 65', /--stop-signal: /],
    ['--stop-timeout -2', /--stop-timeout: /],
    ['--stop-timeout 1s', /--stop-timeout: /],
    ['--health-interval 30', /--health-interval: "30" is not a duration/],
    ['--health-interval 500us --health-interval 1h', /--health-interval: the shortest is 1ms/],
    ['--health-interval -1s', /--health-interval: /],
    ['--health-timeout 1000000h', /--health-timeout: .*too long/],
    ['--health-retries -1', /--health-retries: /],
    ['--no-healthcheck --health-retries 1', /--no-healthcheck: .*contradicts/],
    ['-l =x', /--label: .*KEY=VALUE/],
    ['-l dev.wormhole.id=x', /--label: .*wormhole's own/],
    ['-l dev.wormhole', /--label: .*wormhole's own/],
    ['--env-file ./env', /--env-file: the daemon reads no files of yours; .*-e NAME=VALUE/],
    ['-e NAME', /--env: .*write NAME=VALUE/],
    ['-e =geheim', /--env: .*write NAME=VALUE/],
    ...['-e', '-v', '-m', '--name', '--restart', '-l', '--health-cmd'].map((flag): [string, RegExp] => [
      `${flag} ''`,
      /the value is empty; is a shell variable unset\?/,
    ]),
  ])('%s', (flags, reason) => {
    expect(() => body(flags)).toThrow(reason);
  });
});
