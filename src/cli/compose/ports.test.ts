import { expect, test } from 'vitest';
import { Fields } from './fields.ts';
import { Findings } from './findings.ts';
import { readPorts, type ServicePort } from './ports.ts';

const read = (values: unknown): ServicePort[] => readPorts(new Fields('web', values, new Findings()));
const tcp = (port: number, hostPort: number, host = ''): ServicePort => ({
  protocol: 'tcp',
  port,
  published: { host, port: hostPort },
});

test.each([
  ['80', [tcp(80, 0)]],
  [80, [tcp(80, 0)]],
  ['8080:80', [tcp(80, 8080)]],
  ['127.0.0.1:8080:80', [tcp(80, 8080, '127.0.0.1')]],
  ['127.0.0.1::80', [tcp(80, 0, '127.0.0.1')]],
  ['[::1]:8080:80', [tcp(80, 8080, '::1')]],
  ['53:53/udp', [{ ...tcp(53, 53), protocol: 'udp' }]],
  ['8000-8001:80-81', [tcp(80, 8000), tcp(81, 8001)]],
  ['8000-8010:80', [tcp(80, 8000)]],
  ['80-81', [tcp(80, 0), tcp(81, 0)]],
  [{ target: 80, published: '8080', host_ip: '10.0.0.1', protocol: 'tcp', mode: 'host' }, [tcp(80, 8080, '10.0.0.1')]],
  [{ target: 80 }, [tcp(80, 0)]],
])('ports: %j', (item, ports) => {
  expect(read({ ports: [item] })).toEqual(ports);
});

test('expose adds what is not published', () => {
  expect(read({ ports: ['8080:80'], expose: [80, '90', '53/udp', '3000-3001'] })).toEqual([
    tcp(80, 8080),
    { protocol: 'tcp', port: 90 },
    { protocol: 'udp', port: 53 },
    { protocol: 'tcp', port: 3000 },
    { protocol: 'tcp', port: 3001 },
  ]);
});

test.each([
  ['0:80', 'is no port'],
  ['80:70000', 'is no port'],
  ['80:x', 'is no port'],
  ['[::1]:80', 'is no port'],
  ['a:b:c:80', 'is no port'],
  ['8001-8000:1-2', 'is no port'],
  ['8000-8001:80-82', 'different lengths'],
  ['1-65535', 'more than 64 ports'],
  ['80:80/sctp', 'cannot be relayed'],
  [{ published: 80 }, 'target is missing'],
])('ports: %j is refused', (item, message) => {
  expect(() => read({ ports: [item] })).toThrow(message);
});
