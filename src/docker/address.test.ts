import { describe, expect, test } from 'vitest';
import { dockerSocket, engineAddress, formatEngineAddress, isExposed, podmanSocket } from './address.ts';

const nothing = (): boolean => false;
const tcp = (DOCKER_HOST: string, more = {}) => engineAddress({ DOCKER_HOST, ...more }, nothing);

describe('engineAddress', () => {
  test("is Docker's socket, unless only Podman's exists", () => {
    const of = (...paths: string[]) => engineAddress({}, (path) => paths.includes(path));
    expect(of()).toEqual({ kind: 'unix', path: dockerSocket });
    expect(of(dockerSocket, podmanSocket)).toEqual({ kind: 'unix', path: dockerSocket });
    expect(of(podmanSocket)).toEqual({ kind: 'unix', path: podmanSocket });
    expect(engineAddress({ DOCKER_HOST: 'unix://' }, nothing)).toEqual({ kind: 'unix', path: dockerSocket });
  });

  test('reads DOCKER_HOST as Docker does', () => {
    expect(tcp('unix:///srv/d.sock')).toEqual({ kind: 'unix', path: '/srv/d.sock' });
    expect(tcp('tcp://127.0.0.1')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 2375, tls: false });
    expect(tcp('box:4000')).toEqual({ kind: 'tcp', host: 'box', port: 4000, tls: false });
    expect(tcp('tcp://[::1]:2376')).toEqual({ kind: 'tcp', host: '::1', port: 2376, tls: true });
    expect(tcp('tcp://box', { DOCKER_TLS_VERIFY: '1' })).toEqual({ kind: 'tcp', host: 'box', port: 2376, tls: true });
  });

  test.each(['ssh://root@box', 'unix://relative', 'tcp://', 'npipe:////./pipe/x', '::'])('refuses %s', (text) => {
    expect(() => tcp(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_DOCKER_UNAVAILABLE' }));
  });

  test.each(['unix:///srv/d.sock', 'tcp://127.0.0.1:2375', 'tcp://[::1]:2376'])(
    'formats %s as it was given',
    (text) => {
      expect(formatEngineAddress(tcp(text))).toBe(text);
    },
  );

  test('is exposed only in clear and beyond loopback', () => {
    expect(isExposed(tcp('tcp://10.0.0.1:2375'))).toBe(true);
    expect(isExposed(tcp('tcp://127.example.com:2375'))).toBe(true);
    for (const safe of ['tcp://127.0.0.9', 'tcp://[::1]', 'tcp://localhost', 'tcp://10.0.0.1:2376', 'unix:///x']) {
      expect(isExposed(tcp(safe))).toBe(false);
    }
  });
});
