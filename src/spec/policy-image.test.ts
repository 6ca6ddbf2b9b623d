import { describe, expect, test } from 'vitest';
import { allowsImage, parseImagePattern } from './policy-image.ts';

const content = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;

describe('a pattern of images', () => {
  test.each([
    ['mysql', 'mysql'],
    ['mysql', 'mysql:8.4'],
    ['mysql', 'docker.io/library/mysql:8.4'],
    ['mysql', 'index.docker.io/library/mysql'],
    ['docker.io/library/mysql', 'mysql'],
    ['mysql', `mysql@${content}`],
    ['mysql:latest', 'mysql'],
    ['mysql:8.*', 'mysql:8.4'],
    ['shop/*', 'shop/web:1'],
    ['registry.example:5000/shop/**', 'registry.example:5000/shop/a/b:2'],
    ['localhost/web', 'localhost/web:2'],
    [`mysql@${content}`, `mysql:9@${content}`],
    ['**', 'anything/at/all:1'],
    ['**', content],
    ['**', 'cafe'],
    ['cafe', 'cafe'],
    [content, content],
    ['docker.io/**', 'mysql'],
  ])('%s allows %s', (pattern, image) => {
    expect(allowsImage(parseImagePattern(pattern), image)).toBe(true);
  });

  test.each([
    ['mysql', 'mysql2'],
    ['mysql', 'evil/mysql'],
    ['mysql', 'evil.example/mysql'],
    ['mysql', 'evil.example/library/mysql'],
    ['mysql', 'evil.example:443/docker.io/library/mysql'],
    ['library/*', 'evil.example/library/mysql'],
    ['shop/*', 'shop/a/b'],
    ['shop/*', 'docker.io/shop2/a'],
    ['mysql:8.*', 'mysql'],
    ['mysql:8.*', 'mysql:9.1'],
    ['*', 'shop/web'],
    [content, other],
  ])('%s does not allow %s', (pattern, image) => {
    expect(allowsImage(parseImagePattern(pattern), image)).toBe(false);
  });

  test('A27 a digest decides, whatever tag stands before it', () => {
    expect(allowsImage('mysql:8.4', `mysql:8.4@${other}`)).toBe(false);
    expect(allowsImage(`mysql@${content}`, `mysql@${other}`)).toBe(false);
    expect(allowsImage(`mysql@${content}`, 'mysql')).toBe(false);
    expect(allowsImage(`mysql@${content}`, `mysql@${content.toUpperCase().replace('SHA', 'sha')}`)).toBe(true);
  });

  test('A27 an id, or what could be the beginning of one, is no name', () => {
    expect(allowsImage('*', 'cafe')).toBe(false);
    expect(allowsImage('docker.io/**', content)).toBe(false);
    expect(allowsImage('c*', 'cafe01')).toBe(false);
    expect(allowsImage('c*', 'cafe01:latest')).toBe(true);
  });

  test('that no image could match is refused', () => {
    for (const text of ['', 'my sql', ':8', '/web', 'web/', 'mysql:', 'a;b', '--privileged=$x']) {
      expect(() => parseImagePattern(text)).toThrow('is not an image');
    }
  });
});
