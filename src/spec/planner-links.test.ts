/** What a segment takes over from the one before it: child, chain, peers, and the default port through all of them. */
import { describe, expect, test } from 'vitest';
import { parse } from './parse.ts';
import type { SegmentPlan, TargetPlan } from './plan.ts';
import { plan } from './planner.ts';

const segment = (line: string): SegmentPlan => plan(parse(line.split(' '))).segment;
const target = (line: string): TargetPlan | undefined => segment(line).tail.targets[0];

/** The segment behind `links` links. */
function behind(line: string, links: number): SegmentPlan {
  let found = segment(line);
  for (let i = 0; i < links; i++) {
    if (found.link === undefined) throw new Error(`fewer than ${links} links: ${line}`);
    found = found.link.segment;
  }
  return found;
}

const host = { kind: 'host' } as const;
const db = { kind: 'container', container: 'db' } as const;
const local = { protocol: 'tcp', namespace: host, host: '127.0.0.1' } as const;

describe('plan', () => {
  test('a child listens where the tail is, and the tail stays', () => {
    const line = 'url :80 tail url 10.0.0.1:81 docker-ns db child url :3306 tail url :9';
    expect(target(line)).toEqual({ ...local, namespace: db, host: '10.0.0.1', port: 81 });
    expect(behind(line, 1).head).toEqual({ ...local, namespace: db, host: '10.0.0.1', port: 3306, connIdleMs: 0 });
    expect(behind(line, 1).tail.targets).toEqual([{ ...local, port: 9 }]);
  });

  test('a chain dials the head that follows it, whatever the host is called', () => {
    const dialed = (head: string) => target(`url :80 chain url ${head}:81 tail url :82`)?.host;
    expect(['0.0.0.0', '[::]', '10.0.0.1', 'constructor'].map(dialed)).toEqual([
      '127.0.0.1',
      '::1',
      '10.0.0.1',
      'constructor',
    ]);
  });

  test('a child of a started container listens in that container, and its own words win', () => {
    expect(behind('url :80 trigger docker-run web child url :81 docker-ns db', 1).head.namespace).toEqual({
      kind: 'run',
      of: 'parent',
    });
    expect(behind('url :80 docker-run web child url 0.0.0.0:81 docker-ns tail docker-ns db', 1).head).toMatchObject({
      namespace: host,
      host: '0.0.0.0',
    });
  });

  test('a chain leads the tail to the next head', () => {
    const line = 'url :9000 tail docker-ns db chain url 0.0.0.0:9001 tail url :9002';
    expect(segment(line).tail.targets).toEqual([{ ...local, namespace: db, port: 9001 }]);
    expect(behind(line, 1).head).toMatchObject({ namespace: db, host: '0.0.0.0', port: 9001 });
    expect(segment('url :1 tail docker-run web chain url :2 tail url :3').tail.targets).toEqual([
      { ...local, namespace: { kind: 'run' }, port: 2, run: { words: ['web'] } },
    ]);
    expect(segment('url :1 chain url unix:///x tail url :3').tail.targets).toMatchObject([
      { protocol: 'unix', path: '/x' },
    ]);
  });

  test.each([
    ['url :3306 remote p docker-ns db', 3306],
    ['url :3306 remote p tail docker-ns db', 3306],
    ['url :3306 remote p tail url :3307 docker-ns db', 3307],
    ['url :3306 remote p url :3307 tail docker-ns db', 3307],
    ['url :3306 remote p url :3307 docker-ns db', 3307],
    ['url :3306 tunnel p trigger docker-ns db', 3306],
    ['tail remote p url :3307 docker-ns db', 3307],
  ])('the port is the nearest one given to a head up the chain: %s', (line, port) => {
    expect(behind(line, 1).tail.targets).toEqual([{ ...local, namespace: db, port }]);
  });

  test('on a peer nothing listens after remote, and after tunnel on the overlay address', () => {
    const line = 'url udp://:53 remote p tail docker-ns db';
    expect(segment(line).tail.targets).toEqual([]);
    expect(behind(line, 1).head).toEqual({
      protocol: 'udp',
      namespace: host,
      host: '',
      port: 0,
      connIdleMs: 0,
      arrival: 'carrier',
    });
    expect(behind('url :80 udptunnel p url :81 tail docker-ns db', 1).head).toEqual({
      protocol: 'tcp',
      namespace: host,
      host: '',
      port: 81,
      connIdleMs: 0,
      arrival: 'overlay',
    });
  });

  test('links keep their peer and their laziness, to any depth', () => {
    const line = 'url :80 remote p trigger udptunnel q:1 tail docker-ns db';
    expect(segment(line).link).toMatchObject({ kind: 'remote', lazy: false, peer: { kind: 'name', name: 'p' } });
    expect(behind(line, 1).link).toMatchObject({
      kind: 'udptunnel',
      lazy: true,
      peer: { kind: 'tcp', host: 'q', port: 1 },
    });
    expect(behind(line, 2).tail.targets).toMatchObject([{ namespace: db, port: 80 }]);
  });
});
