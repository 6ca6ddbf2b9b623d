/** The fence around what a remote peer may dial, attacked. */
import { describe, expect, test } from 'vitest';
import { forbidden, forbiddenHead, type OwnGround } from './policy-forbidden.ts';

const own: OwnGround = {
  controlPorts: [9999],
  localAddresses: ['127.0.0.1', '192.0.2.7', '172.17.0.1', '2001:db8::7'],
};
const container = false;
const ip = (address: string, port: number, onHost = true): string | undefined =>
  forbidden({ kind: 'ip', host: address, port }, own, onHost)?.reason;
const unix = (path: string, onHost = true): string | undefined =>
  forbidden({ kind: 'unix', path }, own, onHost)?.reason;

describe('forbidden', () => {
  test.each([
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '::ffff:127.0.0.1',
    '192.0.2.7',
    '172.17.0.1',
    '2001:db8::7',
    '::ffff:172.17.0.1',
    '64:ff9b::7f00:1',
  ])("A5 a peer cannot reach the daemon's control port on %s", (address) => {
    expect(ip(address, 9999)).toMatch(/control port/);
    expect(ip(address, 3306)).toBeUndefined();
  });

  test("A5 from inside a container this machine's addresses are fenced too, and the container's own loopback is not", () => {
    expect(ip('172.17.0.1', 9999, container)).toMatch(/control port/);
    expect(ip('127.0.0.1', 9999, container)).toBeUndefined();
  });

  test('A5 a peer cannot reach docker.sock nor any unix socket of the host', () => {
    for (const path of ['/var/run/docker.sock', '/run/wormhole/wormhole.sock', '/tmp/x'])
      expect(unix(path)).toMatch(/unix socket of the host/);
  });

  test('A5 an engine socket that was given to a container stays out of reach', () => {
    for (const path of ['/var/run/docker.sock', '/run/podman/podman.sock', '/run/containerd/containerd.sock']) {
      expect(unix(path, container)).toMatch(/engine/);
    }
    expect(unix('/run/mysqld/mysqld.sock', container)).toBeUndefined();
  });

  test.each([
    '169.254.169.254',
    '169.254.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::a9fe:a9fe',
    '64:ff9b:1:a9fe:a9:fe00::',
    '2002:a9fe:a9fe::1',
    '2001:0:1:2:3:4:5601:5601',
    '::ffff:0:169.254.169.254',
    '2001:db8::200:5efe:169.254.169.254',
    'fe80::1',
    'febf::1',
    'fd00:ec2::254',
    '100.100.100.200',
  ])('A17 a peer cannot reach a metadata service as %s', (address) => {
    expect(ip(address, 80)).toMatch(/metadata/);
  });

  test.each(['0.0.0.0', '::', '::ffff:0.0.0.0', '64:ff9b::'])(
    'A17 a peer cannot reach this machine as %s',
    (address) => {
      expect(ip(address, 80)).toMatch(/unspecified/);
    },
  );

  test.each(['224.0.0.1', '255.255.255.255', 'ff02::1', '0.1.2.3'])('A17 a peer cannot reach %s', (address) => {
    expect(ip(address, 80)).toMatch(/multicast or broadcast/);
  });

  test.each([
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.43518',
    '127.1',
    'localhost',
    'metadata.google.internal',
    '',
    '[::1]',
    '1.2.3.4:80',
  ])('A17 %s is no literal, so it is refused before it is read in another way', (address) => {
    expect(ip(address, 80)).toMatch(/not an IP address/);
  });

  test('A17 A18 a zone or a port out of range is refused', () => {
    expect(ip('fe80::1%eth0', 80)).toMatch(/link-local/);
    expect(ip('2001:db8::1%eth0', 80)).toMatch(/zone/);
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) expect(ip('192.0.2.1', port)).toMatch(/port/);
  });

  test.each([
    '192.0.2.1',
    '10.0.0.1',
    '127.0.0.1',
    '100.65.0.1',
    '2001:db8::1',
    '::1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:1:808:8:800::',
    '2002:808:808::1',
  ])('lets a peer reach an ordinary service on %s', (address) => {
    expect(ip(address, 3306)).toBeUndefined();
  });

  test("A6 a peer cannot listen on the control port of any address of the host, nor put a socket among the host's", () => {
    for (const address of ['0.0.0.0', '::', '127.0.0.1', '192.0.2.7']) {
      expect(forbiddenHead({ kind: 'ip', host: address, port: 9999 }, own, true)?.rule).toBe('control-port');
      expect(forbiddenHead({ kind: 'ip', host: address, port: 80 }, own, true)).toBeUndefined();
      expect(forbiddenHead({ kind: 'ip', host: address, port: 0 }, own, true)).toBeUndefined();
    }
    expect(forbiddenHead({ kind: 'ip', host: '127.0.0.1', port: 9999 }, own, container)).toBeUndefined();
    expect(forbiddenHead({ kind: 'ip', host: 'localhost', port: 80 }, own, true)?.rule).toBe('not-literal');
    expect(forbiddenHead({ kind: 'unix', path: '/run/x.sock' }, own, true)?.rule).toBe('host-unix');
  });
});
