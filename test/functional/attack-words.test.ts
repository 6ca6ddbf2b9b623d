/**
 * A18 and A28: targets and listeners that are no addresses, and arguments of docker-run that would make root read or
 * run something else, given on the command line and straight to the API.
 *
 *     attacker ──┬── wormhole create …      ──┐
 *                └── POST /v1/wormholes     ──┴─► wormholed
 */
import { describe, expect, test } from 'vitest';
import { wormhole } from '../support/program.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();

/** Each stands where a URL is wanted. */
const notAddresses = [
  '127.0.0.1:',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:99999999999999999999',
  '127.0.0.1:+1',
  '127.0.0.1:-1',
  '127.0.0.1: 80',
  '127.0.0.1:80/path',
  '127.0.0.1:80?x',
  '127.0.0.1:0x50',
  '127.0.0.1:8\u0660', // a digit, but of another script
  'user:password@127.0.0.1:80',
  'a@b@127.0.0.1:80',
  '[::1:80',
  '::1:80',
  '[::1]80',
  '[::1%lo]:80',
  '[127.0.0.1]:80',
  '2130706433:80',
  '0x7f000001:80',
  '0177.0.0.1:80',
  '127.1:80',
  '256.0.0.1:80',
  'host\r\nHost: evil:80',
  'host\nX:80',
  'host name:80',
  'host\t:80',
  `${'a'.repeat(65_536)}:80`,
  `${'a'.repeat(64)}.example:80`,
  'http://127.0.0.1:80',
  'TCP://127.0.0.1:80',
  'unix://relative',
  `unix:///${'a'.repeat(200)}`,
  'unix:///tmp/../etc/x\n',
  '../../proc/1/ns/net@:80',
  '..@:80',
  '/proc/1/ns/net@:80',
  'pid:-1@:80',
  'pid:1e3@:80',
  'container:@:80',
  '',
  ' ',
];
/** Of the spec; what is too long for one is no request. */
const refused = {
  code: expect.stringMatching(/^WH_ERR_(SPEC|REQUEST)_INVALID$/) as string,
};
/** Cannot stand in an argument at all. */
const onlyOverTheApi = ['host\u0000.example:80', '127.0.0.1:80\u0000', 'unix:///tmp/a\u0000b'];

describe('A18: what is no address', () => {
  test.each(notAddresses.map((url) => [url.length > 60 ? `${url.slice(0, 20)}… (${url.length})` : url, url]))(
    'is refused as tail and as head: %j',
    async (_shown, url) => {
      const at = (place: 'tail' | 'head'): string[] =>
        place === 'tail' ? ['url', ':9400', 'tail', 'url', url] : ['url', url, 'tail', 'url', ':9401'];
      // A head may have port 0, and needs none.
      const free = new Set(['127.0.0.1:', '127.0.0.1:0']);
      const tail = await wormhole(['--socket', daemon().of.socket, 'create', ...at('tail')]);
      // "host:" is "host", and a tail's port is then the head's: itself.
      expect(tail).toMatchObject({ code: 65, stdout: '' });
      expect(await daemon().post({ words: at('tail') })).toMatchObject({ status: 400 });
      if (!free.has(url))
        expect(await daemon().post({ words: at('head') })).toMatchObject({ status: 400, body: refused });
    },
  );

  test.each(onlyOverTheApi)('is refused over the API: %j', async (url) => {
    expect(await daemon().post({ words: ['url', ':9400', 'tail', 'url', url] })).toMatchObject({
      status: 400,
      body: refused,
    });
  });

  test('words that are none: refused as a request, or as a spec', async () => {
    const words = ['url', ':9400', 'tail', 'url', ':9401'];
    for (const body of [
      {},
      { words: [] },
      { words: 'url :9400 tail url :9401' },
      { words: [1] },
      { words: [null] },
      { words: [words] },
      { words: Array.from({ length: 5000 }, () => 'also') },
      { words: ['a'.repeat(70_000)] },
      { words, extra: 1 },
      { words: ['--json', ...words] },
      { words: [...words, ''] },
      { words: [...words, 'label', '__proto__'] },
    ]) {
      expect((await daemon().post(body)).status).toBe(400);
    }
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('');
    expect((await daemon().wormhole('ping')).code).toBe(0);
  });
});

describe('A28: what a docker-run must not do', () => {
  test.each([
    '--env-file /etc/shadow web',
    '--env-file=/proc/self/environ web',
    '-e HOME web',
    '-v ./x:/y web',
    '-v ~/.ssh:/y web',
    '-v ../../etc:/y web',
    '--mount type=bind,source=./x,target=/y web',
    '--security-opt seccomp=/etc/shadow web',
    '-l dev.wormhole.id=other web',
    '-- --privileged',
    '-- "web; reboot"',
    '-d "--privileged web"',
    '--volumes-from other web',
    '--pid host web',
    '--cgroup-parent / web',
  ])('the daemon reads no file, no environment and no option that it was not meant to: %s', async (run) => {
    const answer = await daemon().post({ words: ['url', ':9402', 'trigger', 'docker-run', run] });
    expect(answer).toMatchObject({ status: 400, body: { code: 'WH_ERR_SPEC_INVALID' } });
    expect(JSON.stringify(answer.body)).not.toContain('root:');
  });
});
