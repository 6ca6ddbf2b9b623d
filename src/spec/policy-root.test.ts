import { describe, expect, test } from 'vitest';
import { rootGrants } from './policy-root.ts';
import { defaultPolicy, type PolicyShape, parsePolicy } from './policy-shape.ts';

const own = { controlPorts: [9999], localAddresses: ['192.0.2.7'] };
const grants = (shape: PolicyShape): string[] =>
  rootGrants(parsePolicy({ ...defaultPolicy, ...shape }, 'x'), own, ['/var/run/docker.sock']);

describe('what gives a peer the machine', () => {
  test('is not in the default policy, nor in what stays inside containers', () => {
    expect(grants({})).toEqual([]);
    expect(grants({ 'run-flags': ['name', 'label', 'network', 'publish', 'tmpfs'] })).toEqual([]);
    expect(
      grants({
        targets: [
          'any',
          { unix: '/run/app.sock' },
          { cidr: '127.0.0.1', ports: 80 },
          { cidr: '127.0.0.0/8', ports: 9999 },
          { container: 'web', cidr: '127.0.0.1', ports: 9999 },
          { container: 'ci', unix: '/var/run/docker.sock' },
        ],
      }),
    ).toEqual([]);
  });

  test('is found in flags, sockets and addresses that are named', () => {
    expect(
      grants({
        'run-flags': ['volume', 'network=host', 'name'],
        targets: [
          { unix: '/var/run/../run/docker.sock' },
          { cidr: '127.0.0.1', ports: 9999 },
          { container: 'web', cidr: '192.0.2.7', ports: 9999 },
          { cidr: '169.254.169.254', ports: 80 },
        ],
      }),
    ).toEqual([
      'run-flags volume',
      'run-flags network=host',
      'target /var/run/docker.sock',
      'target 127.0.0.1 port 9999 (control-port)',
      'target 192.0.2.7 port 9999 (control-port)',
      'target 169.254.169.254 port 80 (metadata)',
    ]);
  });

  test('is none where the verb for it is missing', () => {
    expect(
      grants({ verbs: ['listen'], 'run-flags': ['volume'], targets: [{ cidr: '127.0.0.1', ports: 9999 }] }),
    ).toEqual([]);
  });
});
