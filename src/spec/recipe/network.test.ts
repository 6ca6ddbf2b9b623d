/** -p, --network, --add-host, --dns: where the container is and how it is reached without us. */
import { describe, expect, test } from 'vitest';
import { splitWords } from '../shell.ts';
import { recipeOf } from './recipe.ts';

const body = (flags: string): Record<string, unknown> => recipeOf(splitWords(`${flags} img`)).body;
const host = (flags: string): Record<string, unknown> => body(flags)['HostConfig'] as Record<string, unknown>;

describe('-p', () => {
  test.each([
    ['80', { '80/tcp': [['', '']] }],
    ['8080:80', { '80/tcp': [['', '8080']] }],
    [':80', { '80/tcp': [['', '']] }],
    ['53:53/udp', { '53/udp': [['', '53']] }],
    ['53:53/UDP', { '53/udp': [['', '53']] }],
    ['7:7/', { '7/tcp': [['', '7']] }],
    ['127.0.0.1:8080:80', { '80/tcp': [['127.0.0.1', '8080']] }],
    ['127.0.0.1::80', { '80/tcp': [['127.0.0.1', '']] }],
    ['[::1]:8080:80', { '80/tcp': [['::1', '8080']] }],
    ['::1:8080:80', { '80/tcp': [['::1', '8080']] }],
    ['8000-8001:80-81', { '80/tcp': [['', '8000']], '81/tcp': [['', '8001']] }],
    ['8000-8005:80', { '80/tcp': [['', '8000-8005']] }],
    ['80-81', { '80/tcp': [['', '']], '81/tcp': [['', '']] }],
    ['published=8080,target=80,protocol=udp', { '80/udp': [['', '8080']] }],
    ['target=80', { '80/tcp': [['', '']] }],
  ])('reads %s', (value, ports) => {
    const bindings = Object.entries(host(`-p ${value}`)['PortBindings'] as Record<string, Record<string, string>[]>);
    const short = bindings.map(([port, list]) => [port, list.map(({ HostIp, HostPort }) => [HostIp, HostPort])]);
    expect(Object.fromEntries(short)).toEqual(ports);
    expect(Object.keys(body(`-p ${value}`)['ExposedPorts'] as object)).toEqual(Object.keys(ports));
  });

  test('several for one port are all kept', () => {
    expect(host('-p 80:80 -p 127.0.0.1:81:80')['PortBindings']).toEqual({
      '80/tcp': [
        { HostIp: '', HostPort: '80' },
        { HostIp: '127.0.0.1', HostPort: '81' },
      ],
    });
  });

  test.each([
    ['80:x', /port "x" is not a number/],
    ['80:0', /port 0/],
    ['80:70000', /out of range/],
    ['-1:80', /not a number/],
    ['80:80/icmp', /\/tcp, \/udp or \/sctp/],
    ['80:80/tcp/udp', /\/tcp, \/udp or \/sctp/],
    ['80:', /names no port of the container/],
    ['81-80', /FIRST-LAST/],
    ['80-81-82', /FIRST-LAST/],
    ['8000-8002:80-81', /ranges of two lengths/],
    ['host:80:80', /not an IP address/],
    ['127.1:80:80', /not an IP address/],
    ['a:b:c:80:80', /not an IP address/],
    ['target=80,frob=1', /"frob=1" is not published=PORT/],
    ['published=80', /names no port of the container/],
    ['1-65535:1-65535', /65535 ports; publish at most 16384/],
  ])('refuses %s', (value, reason) => {
    expect(() => body(`-p ${value}`)).toThrow(reason);
    expect(() => body(`-p ${value}`)).toThrow(/^--publish: /);
  });
});

describe('--network', () => {
  test.each(['bridge', 'host', 'none', 'default', 'shop_net.1', 'container:web'])('takes %s', (mode) => {
    expect(host(`--network ${mode}`)['NetworkMode']).toBe(mode);
    expect(host(`--net=${mode}`)['NetworkMode']).toBe(mode);
  });

  test.each(['', '-x', 'a b', 'container:', 'container:a:b', 'name=x,alias=y', 'ns:/proc/1'])('refuses %j', (mode) => {
    expect(() => body(`--network '${mode}'`)).toThrow(/^--network: /);
  });

  test('a container starts in one network', () => {
    expect(() => body('--network a1 --net b1')).toThrow(/in one network/);
  });

  test.each(['--hostname x', '-p 80:80', '--dns 10.0.0.1', '--add-host a:10.0.0.1'])(
    'the network of another container comes as it is, so %s is refused',
    (flag) => {
      expect(() => body(`--network container:web ${flag}`)).toThrow(/another container has its own/);
      expect(() => body(`--network host ${flag}`)).not.toThrow();
    },
  );
});

test('--add-host and --dns take addresses, and say so otherwise', () => {
  expect(
    host('--add-host a:10.0.0.1 --add-host b:fd00::1 --add-host c:host-gateway --dns ::FFFF:10.0.0.2'),
  ).toMatchObject({
    ExtraHosts: ['a:10.0.0.1', 'b:fd00::1', 'c:host-gateway'],
    Dns: ['10.0.0.2'],
  });
  for (const value of ['a', ':10.0.0.1', 'a:', 'a:b', 'a b:10.0.0.1', 'a=10.0.0.1']) {
    expect(() => body(`--add-host '${value}'`)).toThrow(/^--add-host: .*NAME:IP/);
  }
  for (const value of ['a', '10.0.0', '10.0.0.1:53', '[::1]']) {
    expect(() => body(`--dns '${value}'`)).toThrow(/^--dns: /);
  }
});
