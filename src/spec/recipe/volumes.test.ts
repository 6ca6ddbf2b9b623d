/** -v, --mount and --tmpfs: what is mounted where. */
import { describe, expect, test } from 'vitest';
import { splitWords } from '../shell.ts';
import { recipeOf } from './recipe.ts';

const body = (flags: string): Record<string, unknown> => recipeOf(splitWords(`${flags} img`)).body;
const host = (flags: string): unknown => body(flags)['HostConfig'];

describe('-v', () => {
  test.each([
    ['data:/data', 'data:/data'],
    ['/srv/x:/x', '/srv/x:/x'],
    ['/srv/x:/x:ro', '/srv/x:/x:ro'],
    ['/srv/x:/x:ro,z,rslave', '/srv/x:/x:ro,z,rslave'],
    ['data:/data:nocopy,cached', 'data:/data:nocopy,cached'],
  ])('%s is a bind', (value, bind) => {
    expect(host(`-v ${value}`)).toMatchObject({ Binds: [bind] });
    expect(body(`-v ${value}`)).not.toHaveProperty('Volumes');
  });

  test('a path alone is a volume without a name', () => {
    expect(body('-v /cache -v /c2')['Volumes']).toEqual({ '/cache': {}, '/c2': {} });
    expect(host('-v /cache')).not.toHaveProperty('Binds');
  });

  test('the same said twice is said once', () => {
    expect(host('-v data:/d -v data:/d')).toMatchObject({ Binds: ['data:/d'] });
  });

  test.each([
    ['./x:/y', /"\.\/x" is relative.*absolute path/],
    ['.:/y', /relative/],
    ['..:/y', /relative/],
    ['../x:/y', /relative/],
    ['~/x:/y', /relative/],
    ['~root/x:/y', /relative/],
    ['x/y:/z', /begins with \.\//],
    ['d:/y', /not the name of a volume/],
    ['data', /not an absolute path inside/],
    ['data:y', /not an absolute path inside/],
    ['/x:ro', /not an absolute path inside/],
    [':/y', /not the name of a volume/],
    ['/x:/y:ro:z', /too many colons/],
    ['/x:/', /over the whole/],
    ['/x:/a/..', /over the whole/],
    ['/', /over the whole/],
    ['/x:/y:rx', /"rx" is not an option; the options are ro, rw, z/],
    ['/x:/y:', /"" is not an option/],
    ['/x:/y:ro,rw', /two things about its access/],
  ])('refuses %s', (value, reason) => {
    expect(() => body(`-v ${value}`)).toThrow(reason);
    expect(() => body(`-v ${value}`)).toThrow(/^--volume: /);
  });
});

describe('--mount', () => {
  test.each([
    ['type=bind,source=/a,target=/b', { Type: 'bind', Source: '/a', Target: '/b' }],
    ['type=bind,src=/a,dst=/b,ro', { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }],
    ['type=bind,src=/a,dst=/b,readonly=0', { Type: 'bind', Source: '/a', Target: '/b' }],
    ['TYPE=Volume,destination=/b', { Type: 'volume', Target: '/b' }],
    ['source=data,target=/b', { Type: 'volume', Source: 'data', Target: '/b' }],
    [
      'type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-nonrecursive',
      { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'rslave', NonRecursive: true } },
    ],
    [
      `'src=nfs,dst=/b,volume-driver=local,"volume-opt=o=addr=x,rw",volume-opt=type=nfs,volume-label=a=b,volume-label=c'`,
      {
        Type: 'volume',
        Source: 'nfs',
        Target: '/b',
        VolumeOptions: {
          Labels: { a: 'b', c: '' },
          DriverConfig: { Name: 'local', Options: { o: 'addr=x,rw', type: 'nfs' } },
        },
      },
    ],
    [
      'type=tmpfs,target=/b,tmpfs-size=64m,tmpfs-mode=1777',
      { Type: 'tmpfs', Target: '/b', TmpfsOptions: { SizeBytes: 64 * 1024 ** 2, Mode: 0o1777 } },
    ],
  ])('reads %s', (value, mount) => {
    expect(host(`--mount ${value}`)).toMatchObject({ Mounts: [mount] });
  });

  test.each([
    ['type=bind,source=./x,target=/y', /relative/],
    ['type=bind,source=~/x,target=/y', /relative/],
    ['type=bind,source=x,target=/y', /not absolute/],
    ['type=bind,target=/y', /source=\/PATH/],
    ['type=bind,source=/x', /target=\/PATH/],
    ['type=bind,source=/x,target=y', /absolute path inside/],
    ['type=bind,source=/x,target=/', /absolute path inside/],
    ['type=npipe,target=/y', /write bind, volume or tmpfs/],
    ['type=tmpfs,source=x,target=/y', /no source/],
    ['type=tmpfs,target=/y,tmpfs-mode=0999', /octal/],
    ['type=tmpfs,target=/y,tmpfs-size=x', /not a size/],
    ['type=volume,source=./x,target=/y', /begins with \.\//],
    ['type=volume,target=/y,tmpfs-size=1m', /options are for type=tmpfs/],
    ['type=bind,source=/x,target=/y,volume-nocopy', /options are for type=volume/],
    ['target', /"target" has no value/],
    ['type=bind,frob=1', /"frob" is not a key; the keys are type, source/],
    ['target=/y,ro=maybe', /write true or false/],
    [`'tar"get=/y'`, /a quote/],
    [`'"target=/y'`, /a quote/],
    ['target=/y,bind-propagation=wide', /not a propagation/],
    ['target=/y,consistency=none', /not a consistency/],
  ])('refuses %s', (value, reason) => {
    expect(() => body(`--mount ${value}`)).toThrow(reason);
    expect(() => body(`--mount ${value}`)).toThrow(/^--mount: /);
  });

  test("keeps what may be a driver's password out of its errors", () => {
    for (const rest of ['password=geheim', 'geheim', 'geheim=x']) {
      expect(() => body(`--mount dst=/b,volume-opt=o=user=x,${rest}`)).toThrow(/^(?!.*geheim).*is not a key/);
    }
  });
});

describe('--tmpfs', () => {
  test('the last options for a path count', () => {
    expect(host('--tmpfs /run --tmpfs /tmp:size=64m,mode=1777,noexec --tmpfs /run:ro')).toMatchObject({
      Tmpfs: { '/run': 'ro', '/tmp': 'size=64m,mode=1777,noexec' },
    });
  });

  test.each(['run', '/', '/run:huge', '/run:size', '/run:size=', '/run:ro=1', '/run:ro,,rw'])('refuses %s', (value) => {
    expect(() => body(`--tmpfs ${value}`)).toThrow(/^--tmpfs: /);
  });
});

test.each(['-v a1:/x -v b1:/x', '-v a1:/x --tmpfs /x', '--mount target=/x -v a1:/y/../x', '--tmpfs /x --tmpfs /x/'])(
  'two things in one place are refused: %s',
  (flags) => {
    expect(() => body(flags)).toThrow(/two things are mounted at "\/x"/);
  },
);
