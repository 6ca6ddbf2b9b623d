/** The check of each stream, attacked. */
import { describe, expect, test } from 'vitest';
import { checkDial, checkListen } from './policy-dial.ts';
import type { NamespaceFacts, Spot } from './policy-place.ts';
import { defaultPolicy, type PolicyShape, parsePolicy } from './policy-shape.ts';

const own = { controlPorts: [9999], localAddresses: ['192.0.2.7', '172.17.0.1'] };
const host: NamespaceFacts = { kind: 'host' };
const container = (
  name: string,
  more: Partial<Extract<NamespaceFacts, { kind: 'container' }>> = {},
): NamespaceFacts => ({
  kind: 'container',
  name,
  labels: {},
  hostNetwork: false,
  own: false,
  ...more,
});
const ip = (
  address: string,
  port: number,
  namespace: NamespaceFacts = host,
  protocol: 'tcp' | 'udp' = 'tcp',
): Spot => ({
  protocol,
  host: address,
  port,
  namespace,
});
const unix = (path: string, namespace: NamespaceFacts = host): Spot => ({
  protocol: 'unix',
  host: '',
  port: 0,
  path,
  namespace,
});
const policy = (shape: PolicyShape) => parsePolicy({ verbs: defaultPolicy.verbs ?? [], ...shape }, 'the policy');
const dial = (spot: Spot, shape: PolicyShape = defaultPolicy) => checkDial(spot, policy(shape), own)?.rule;
const listen = (spot: Spot, shape: PolicyShape = defaultPolicy) => checkListen(spot, policy(shape), own)?.rule;

describe('the default policy', () => {
  test('lets a peer dial what there is, in any namespace', () => {
    for (const namespace of [host, container('db'), { kind: 'other', name: 'blue' } as const]) {
      expect(dial(ip('127.0.0.1', 3306, namespace))).toBeUndefined();
      expect(dial(ip('10.0.0.7', 53, namespace, 'udp'))).toBeUndefined();
    }
    expect(dial(unix('/run/mysqld/mysqld.sock', container('db')))).toBeUndefined();
  });

  test.each([
    ['127.0.0.1', host],
    ['::1', host],
    ['::ffff:127.0.0.1', host],
    ['127.9.9.9', host],
    ['192.0.2.7', host],
    ['172.17.0.1', container('web')],
    ['::ffff:172.17.0.1', container('web')],
    ['192.0.2.7', { kind: 'other', name: 'blue' }],
    ['127.0.0.1', container('web', { hostNetwork: true })],
    ['127.0.0.1', container('web', { hostNetwork: true, own: true })],
  ] as const)(
    'A6 the control port is denied as %s, from %j, whatever else was allowed before',
    (address, namespace) => {
      expect(dial(ip(address, 3306, namespace))).toBeUndefined();
      expect(dial(ip(address, 9999, namespace))).toBe('control-port');
      expect(dial(ip(address, 9999, namespace, 'udp'))).toBe('control-port');
    },
  );

  test('A6 the unspecified addresses, which reach this machine, are denied at any port', () => {
    for (const address of ['0.0.0.0', '::', '::ffff:0.0.0.0']) expect(dial(ip(address, 80))).toBe('unspecified');
  });

  test("A5 unix sockets of the host are denied, and an engine's wherever it lies", () => {
    expect(dial(unix('/var/run/docker.sock'))).toBe('host-unix');
    expect(dial(unix('/run/wormhole/wormhole.sock'))).toBe('host-unix');
    expect(dial(unix('/run/x.sock', { kind: 'other', name: '' }))).toBe('host-unix');
    expect(dial(unix('/run/docker.sock', container('ci')))).toBe('engine-socket');
    expect(dial(unix('/run/docker.sock', container('ci', { own: true })))).toBe('engine-socket');
    expect(dial(unix('/run/x.sock', container('web', { hostNetwork: true })))).toBeUndefined();
  });

  test('A17 metadata services are denied in every namespace', () => {
    for (const namespace of [host, container('web'), container('web', { own: true })]) {
      expect(dial(ip('169.254.169.254', 80, namespace))).toBe('metadata');
      expect(dial(ip('64:ff9b::a9fe:a9fe', 80, namespace))).toBe('metadata');
    }
  });

  test('A6 listening is denied on the control port and among the files of the host', () => {
    expect(listen(ip('0.0.0.0', 80))).toBeUndefined();
    expect(listen(ip('127.0.0.1', 0))).toBeUndefined();
    expect(listen(ip('0.0.0.0', 9999))).toBe('control-port');
    expect(listen(ip('127.0.0.1', 9999, container('web', { hostNetwork: true })))).toBe('control-port');
    expect(listen(ip('127.0.0.1', 9999, container('web')))).toBeUndefined();
    expect(listen(unix('/run/docker.sock'))).toBe('host-unix');
    expect(listen(unix('/run/app.sock', container('web')))).toBeUndefined();
  });
});

describe('a policy of its own', () => {
  test('that says nothing allows nothing', () => {
    expect(checkDial(ip('10.0.0.7', 80), parsePolicy({}, 'the policy'), own)?.rule).toBe('verbs');
    expect(dial(ip('10.0.0.7', 80), {})).toBe('targets');
    expect(listen(ip('127.0.0.1', 80), {})).toBe('listen');
  });

  test('A6 allows the addresses and ports that it lists, each time it is asked, and no others', () => {
    const targets: PolicyShape['targets'] = [{ cidr: '10.0.0.0/8', ports: [3306, '5432-5439'] }];
    expect(dial(ip('10.1.2.3', 3306), { targets })).toBeUndefined();
    expect(dial(ip('::ffff:10.1.2.3', 5439), { targets })).toBeUndefined();
    expect(dial(ip('10.1.2.3', 5440), { targets })).toBe('targets');
    expect(dial(ip('11.0.0.1', 3306), { targets })).toBe('targets');
    expect(dial(ip('2002:a01:203::', 3306), { targets })).toBe('targets');
    expect(dial(ip('10.1.2.3', 53, host, 'udp'), { targets: [{ cidr: '10.0.0.0/8', protocol: 'tcp' }] })).toBe(
      'targets',
    );
  });

  test('a rule about the host says nothing about containers, nor the other way', () => {
    const loopback: PolicyShape = { targets: [{ cidr: '127.0.0.0/8' }] };
    const db: PolicyShape = { targets: [{ container: 'db' }] };
    expect(dial(ip('127.0.0.1', 80), loopback)).toBeUndefined();
    expect(dial(ip('127.0.0.1', 80, container('db')), loopback)).toBe('targets');
    expect(dial(ip('127.0.0.1', 80, { kind: 'other', name: 'blue' }), loopback)).toBe('targets');
    expect(dial(ip('127.0.0.1', 80, container('db')), db)).toBeUndefined();
    expect(dial(ip('127.0.0.1', 80), db)).toBe('targets');
  });

  test('A17 a container that is allowed is a target and not a way to others', () => {
    const targets: PolicyShape['targets'] = [{ container: 'db' }];
    expect(dial(ip('::1', 3306, container('db')), { targets })).toBeUndefined();
    expect(dial(ip('172.17.0.1', 22, container('db')), { targets })).toBe('targets');
    expect(dial(ip('172.18.0.3', 22, container('db')), { targets: [{ container: 'db', cidr: '172.18.0.0/16' }] })).toBe(
      undefined,
    );
  });

  test("A6 a container in the host's network is the host, whatever rules say of its name", () => {
    const near = container('db', { hostNetwork: true });
    expect(dial(ip('127.0.0.1', 22, near), { targets: [{ container: '*' }] })).toBe('targets');
    expect(dial(ip('127.0.0.1', 22, near), { targets: [{ cidr: '127.0.0.1', ports: 22 }] })).toBeUndefined();
  });

  test('A32 containers match by whole name and by their labels', () => {
    const named: PolicyShape = { targets: [{ container: 'shop-*' }] };
    expect(dial(ip('127.0.0.1', 80, container('shop-db')), named)).toBeUndefined();
    expect(dial(ip('127.0.0.1', 80, container('my-shop-db')), named)).toBe('targets');
    expect(dial(ip('127.0.0.1', 80, container('shop')), named)).toBe('targets');
    const labelled: PolicyShape = { targets: [{ label: 'tier=d?' }] };
    expect(dial(ip('127.0.0.1', 80, container('x', { labels: { tier: 'db' } })), labelled)).toBeUndefined();
    expect(dial(ip('127.0.0.1', 80, container('x', { labels: { tier: 'web' } })), labelled)).toBe('targets');
    expect(dial(ip('127.0.0.1', 80, container('x')), { targets: [{ label: 'constructor=*' }] })).toBe('targets');
  });

  test('namespaces are allowed by name; those without one only where everything is', () => {
    const targets: PolicyShape['targets'] = [{ netns: 'b*' }];
    expect(dial(ip('127.0.0.1', 80, { kind: 'other', name: 'blue' }), { targets })).toBeUndefined();
    expect(dial(ip('127.0.0.1', 80, { kind: 'other', name: 'red' }), { targets })).toBe('targets');
    expect(dial(ip('127.0.0.1', 80, { kind: 'other', name: '' }), { targets: [{ netns: '*' }] })).toBe('targets');
  });

  test('A5 a unix socket of the host is allowed by its very path', () => {
    const targets: PolicyShape['targets'] = ['any', { unix: '/run/mysqld/mysqld.sock' }];
    expect(dial(unix('/run/mysqld/../mysqld//mysqld.sock'), { targets })).toBeUndefined();
    expect(dial(unix('/run/mysqld/mysqld.sock2'), { targets })).toBe('host-unix');
    expect(dial(unix('/run/mysqld/mysqld.sock', container('db')), { targets: targets.slice(1) })).toBe('targets');
    expect(dial(unix('/run/docker.sock'), { targets: [{ unix: '/run/docker.sock' }] })).toBeUndefined();
    expect(dial(unix('/docker.sock', container('ci')), { targets: [{ container: 'ci', unix: '/docker.sock' }] })).toBe(
      undefined,
    );
  });

  test('A6 A17 what is denied always is opened by one address with one port, and by nothing wider', () => {
    const opens = (...targets: NonNullable<PolicyShape['targets']>) => dial(ip('127.0.0.1', 9999), { targets });
    expect(opens({ cidr: '127.0.0.1', ports: 9999 })).toBeUndefined();
    expect(opens({ cidr: '127.0.0.0/8', ports: 9999 })).toBe('control-port');
    expect(opens({ cidr: '127.0.0.1', ports: '9998-9999' })).toBe('control-port');
    expect(opens({ cidr: '127.0.0.1', ports: [9999, 80] })).toBe('control-port');
    expect(opens({ cidr: '127.0.0.1' })).toBe('control-port');
    expect(opens('any')).toBe('control-port');
    const metadata: PolicyShape = { targets: ['any', { cidr: '169.254.169.254', ports: 80 }] };
    expect(dial(ip('169.254.169.254', 80), metadata)).toBeUndefined();
    expect(dial(ip('::ffff:169.254.169.254', 80), metadata)).toBeUndefined();
    expect(dial(ip('64:ff9b::a9fe:a9fe', 80), metadata)).toBe('metadata');
    expect(dial(ip('169.254.169.254', 8080), metadata)).toBe('metadata');
  });

  test('needs the verb for containers besides, and for those that it started another', () => {
    const all: PolicyShape = { targets: ['any'] };
    const db = ip('127.0.0.1', 80, container('db'));
    const mine = ip('127.0.0.1', 80, container('x', { own: true }));
    expect(dial(db, { ...all, verbs: ['dial'] })).toBe('verbs');
    expect(dial(db, { ...all, verbs: ['dial', 'docker-run'] })).toBe('verbs');
    expect(dial(db, { ...all, verbs: ['dial', 'docker-ns'] })).toBeUndefined();
    expect(dial(mine, { ...all, verbs: ['dial', 'docker-ns'] })).toBe('verbs');
    expect(dial(mine, { verbs: ['dial', 'docker-run'] })).toBeUndefined();
    expect(dial(ip('172.17.0.1', 80, container('x', { own: true })), { verbs: ['dial', 'docker-run'] })).toBe(
      'targets',
    );
    expect(listen(ip('127.0.0.1', 80), { listen: ['any'], verbs: ['dial'] })).toBe('verbs');
  });
});
