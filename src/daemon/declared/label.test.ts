import { describe, expect, test } from 'vitest';
import { declaringKeys, readLabel } from './label.ts';

const id = 'c0ffee'.padEnd(64, '0');
const read = (value: string, { key = 'dev.wormhole.create', name = 'web', allowed = ['loopback'] } = {}): string =>
  readLabel(key, value, { id, name }, allowed).join(' ');

describe('a label', () => {
  test.each([
    ['url :8080', `id web url :8080 tail docker-ns ${id}`],
    ['url :80 tail url :8080', `id web url :80 tail url :8080 docker-ns ${id}`],
    ['url 127.0.0.2:80', `id web url 127.0.0.2:80 tail docker-ns ${id}`],
    ['url [::1]:80 tail url [::1]:81', `id web url [::1]:80 tail url [::1]:81 docker-ns ${id}`],
    ['url udp://:53', `id web url udp://:53 tail docker-ns ${id}`],
    ['tail url localhost:80', `id web tail url localhost:80 docker-ns ${id}`],
    [
      'url :80 max-conns 9 conn-idle 5m connect-timeout 2s proxy-protocol v2',
      `id web url :80 max-conns 9 conn-idle 5m tail docker-ns ${id} connect-timeout 2s proxy-protocol v2`,
    ],
  ])('%s becomes a wormhole that ends in its container', (value, words) => {
    expect(read(value)).toBe(words);
  });

  test('has its name behind that of the container, of which it takes as much as an id may have', () => {
    expect(read('url :1', { key: 'dev.wormhole.create.admin' })).toMatch(/^id web\.admin url/);
    expect(read('url :1', { name: 'w'.repeat(200), key: 'dev.wormhole.create.a' })).toMatch(
      /^id w{48}-c0ffee000000\.a url/,
    );
    expect(read('url :1', { name: 'w'.repeat(63) })).toMatch(/^id w{63} url/);
  });

  test.each([
    ['url 0.0.0.0:80', ['0.0.0.0']],
    ['url 192.0.2.1:80', ['loopback', '192.0.2.1']],
    ['url 192.0.2.1:80', ['0.0.0.0']],
    ['url 127.0.0.1:80', ['0.0.0.0']],
    ['url [2001:db8::1]:80', ['::']],
    ['url [2001:db8:0::1]:80', ['2001:db8::1']],
  ])('may say %s where the setting is %j', (value, allowed) => {
    expect(read(value, { allowed })).toContain('docker-ns');
  });
});

describe('A27: a label commands nothing but a way to its own container:', () => {
  test.each([
    ['url :80 docker-ns other', 'docker-ns'],
    ['url :80 docker-ns other tail url :80', 'docker-ns'],
    ['url :80 docker-ns tail url :80', 'docker-ns'],
    ['url :80 tail docker-ns other', 'docker-ns'],
    ['url :80 docker-run alpine', 'docker-run'],
    ['url :80 trigger docker-run "--privileged -v /:/host alpine"', 'trigger'],
    ['url :80 trigger', 'trigger'],
    ['url :80 child url :81 tail url :82', 'child'],
    ['url :80 chain url :81 tail url :82', 'chain'],
    ['url :80 remote db-host', 'remote'],
    ['url :80 tunnel db-host', 'tunnel'],
    ['url :80 tail url :81 also url :82', 'also'],
    ['url :80 tail connect', 'connect'],
    ['id shop url :80', 'id'],
    ['label a=b url :80', 'label'],
    ['url unix:///etc/x.sock', 'unix'],
    ['url :80 tail url unix:///var/run/docker.sock', 'unix'],
    ['url :80 mode 0777', 'mode'],
    ['url blue@:80', 'namespace'],
    ['url pid:1@:80', 'namespace'],
    ['url :80 tail url container:other@:80', 'namespace'],
    ['url 0.0.0.0:80', '0.0.0.0'],
    ['url [::]:80', '::'],
    ['url 192.0.2.1:80', '192.0.2.1'],
    ['url localhost:80', 'localhost'],
    ['url :80 tail url 192.0.2.1:80', '192.0.2.1'],
    ['url :80 tail url 169.254.169.254:80', '169.254.169.254'],
    ['url :80 tail url db:80', 'db'],
    ['url :80 idle 5m', 'idle'],
    ['url :80 balance first', 'balance'],
  ])('%s is refused for its %s', (value, word) => {
    expect(() => read(value)).toThrow(word);
  });

  test.each([['url :99999'], ['url'], ['"url'], [''], [`url :80 ${'x'.repeat(1024)}`]])('%j is refused', (value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
  });

  test.each([
    'dev.wormhole.create.',
    'dev.wormhole.create.a.b',
    'dev.wormhole.create.a b',
    `dev.wormhole.create.${'x'.repeat(33)}`,
  ])('the key %j is refused', (key) => {
    expect(() => read('url :80', { key })).toThrow(/is not a label/);
  });

  test('its address is not allowed by another family’s, nor by a spelling', () => {
    expect(() => read('url [::1]:80', { allowed: ['0.0.0.0'] })).toThrow('::1');
    expect(() => read('url 10.0.0.1:80', { allowed: ['::', 'loopback', '10.0.0.2'] })).toThrow('10.0.0.1');
  });
});

test('keys that declare are found among others, in order', () => {
  const labels = {
    'dev.wormhole.create.b': '',
    a: '',
    'dev.wormhole.created': '',
    'dev.wormhole.create': '',
    'dev.wormhole.id': '',
  };
  expect(declaringKeys(labels)).toEqual(['dev.wormhole.create', 'dev.wormhole.create.b']);
});
