import { describe, expect, test } from 'vitest';
import { pullReference } from './reference.ts';
import { authOf, registryAuth } from './registry-auth.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const auth = Buffer.from('me:secret').toString('base64');
const login = { username: 'me', password: 'secret' };

describe('pullReference', () => {
  test.each([
    ['web', 'docker.io', 'web', 'latest'],
    ['lib/web:2', 'docker.io', 'lib/web', '2'],
    ['127.0.0.1:5000/web', '127.0.0.1:5000', '127.0.0.1:5000/web', 'latest'],
    ['localhost/web:1', 'localhost', 'localhost/web', '1'],
    ['reg.example/a/b:1', 'reg.example', 'reg.example/a/b', '1'],
    [`web:2@${digest}`, 'docker.io', 'web', digest],
    [`reg:5000/web@${digest}`, 'reg:5000', 'reg:5000/web', digest],
  ])('%s is from %s: %s, %s', (text, registry, name, tagOrDigest) => {
    expect(pullReference(text)).toEqual({ registry, name, tagOrDigest });
  });
});

describe('authOf', () => {
  test.each([
    ['reg:5000', { 'reg:5000': { auth } }, { serveraddress: 'reg:5000', ...login }],
    ['reg', { 'https://reg/v1/': { auth } }, { serveraddress: 'reg', ...login }],
    ['reg', { reg: login }, { serveraddress: 'reg', ...login }],
    ['reg', { reg: { auth, identitytoken: 't' } }, { serveraddress: 'reg', identitytoken: 't' }],
    ['reg', { reg: { registrytoken: 't' } }, { serveraddress: 'reg', registrytoken: 't' }],
    [
      'docker.io',
      { 'https://index.docker.io/v1/': { auth } },
      { serveraddress: 'https://index.docker.io/v1/', ...login },
    ],
    ['other', { reg: { auth } }, undefined],
    ['reg', { reg: {} }, undefined],
    ['reg', { reg: { auth: 'AAAA' } }, undefined],
    ['reg', { reg: 7 }, undefined],
  ])('%s of %j', (registry, auths, expected) => {
    expect(authOf({ auths }, registry)).toEqual(expected);
  });

  test.each([null, 7, [], {}, { auths: null }, { auths: [] }])('finds nothing in %j', (config) => {
    expect(authOf(config, 'reg')).toBeUndefined();
  });
});

test('there need not be a configuration', () => {
  expect(registryAuth('reg', { DOCKER_CONFIG: '/nowhere' })).toBeUndefined();
});
