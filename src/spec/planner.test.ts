/** Defaults and inheritance: what a chain does on this machine. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from './parse.ts';
import type { HeadPlan, Plan, SegmentPlan, TailPlan, TargetPlan } from './plan.ts';
import { plan } from './planner.ts';

const read = (line: string): Plan => plan(parse(line.split(' ')));
const segment = (line: string): SegmentPlan => read(line).segment;
const head = (line: string): HeadPlan => segment(line).head;
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
  test('fills in every default', () => {
    expect(read('url :3306 docker-ns db')).toEqual({
      labels: {},
      segment: {
        head: { ...local, port: 3306, connIdleMs: 0 },
        tail: {
          lazy: false,
          targets: [{ ...local, namespace: db, port: 3306 }],
          balance: 'rr',
          connectTimeoutMs: 5000,
          readyTimeoutMs: 60_000,
          idleMs: 0,
          onIdle: 'stop',
        } satisfies TailPlan,
      },
      unsupported: [],
    } satisfies Plan);
  });

  test('a head without a port is ephemeral, and then the tail has to name one', () => {
    expect(head('tail url :81')).toEqual({ ...local, port: 0, connIdleMs: 0 });
    expect(head('url :0 tail url :81').port).toBe(0);
    expect(() => read('url :0 docker-ns db')).toThrow(/no port and no head gives one/);
  });

  test('keeps id, labels and all options', () => {
    const line =
      'id x label a=b url unix:///x mode 600 owner a max-conns 7 conn-idle 1m tail url :1 also url :2 balance random proxy-protocol v2 connect-timeout 1s';
    const planned = read(line);
    expect(planned).toMatchObject({ id: 'x', labels: { a: 'b' }, unsupported: [] });
    expect(planned.segment.head).toEqual({
      protocol: 'unix',
      namespace: host,
      host: '',
      port: 0,
      path: '/x',
      mode: 0o600,
      owner: 'a',
      maxConns: 7,
      connIdleMs: 60_000,
    });
    expect(planned.segment.tail).toMatchObject({ balance: 'random', proxyProtocol: 'v2', connectTimeoutMs: 1000 });
    expect(planned.segment.tail.targets).toHaveLength(2);
  });

  test('the tail has the protocol of the head, and its own host and namespace defaults', () => {
    expect(target('url udp://0.0.0.0:53 docker-ns db')).toEqual({ ...local, protocol: 'udp', namespace: db, port: 53 });
    expect(target('url blue@10.0.0.1:80 tail url :81')).toEqual({ ...local, port: 81 });
  });

  test('behind a unix head an address is tcp and a path is unix', () => {
    expect(target('url unix:///x tail url :81')).toEqual({ ...local, port: 81 });
    expect(target('url unix:///x tail url unix:///y docker-ns db')).toEqual({
      protocol: 'unix',
      namespace: db,
      host: '',
      port: 0,
      path: '/y',
    });
    expect(target('url :80 tail url unix:///y')).toMatchObject({ protocol: 'unix', path: '/y' });
    expect(() => read('url unix:///x docker-ns db')).toThrow(/url unix:\/\/\/PATH or url :PORT/);
  });

  test('trigger makes the tail lazy and gives it a probe', () => {
    expect(segment('url :80 trigger docker-run web').tail).toMatchObject({
      lazy: true,
      ready: { kind: 'tcp', byDefault: true },
      readyTimeoutMs: 60_000,
      targets: [{ ...local, namespace: { kind: 'run' }, port: 80, run: { words: ['web'] } }],
    });
    expect(segment('url udp://:53 trigger docker-run dns').tail.ready).toEqual({ kind: 'none' });
    expect(segment('url :80 docker-run web').tail).toMatchObject({ lazy: false, ready: { kind: 'tcp' } });
    expect(segment('url :80 docker-ns db').tail.ready).toBeUndefined();
    const said = segment('url :80 trigger docker-ns db ready tcp timeout 2m idle 5m on-idle pause').tail;
    expect(said).toMatchObject({ ready: { kind: 'tcp' }, readyTimeoutMs: 120_000, idleMs: 300_000, onIdle: 'pause' });
    expect(said.ready).not.toHaveProperty('byDefault');
  });

  test('what stands after tail stays eager, also before trigger', () => {
    expect(segment('url :80 tail url :81 trigger docker-ns db').tail).toMatchObject({
      lazy: true,
      targets: [{ namespace: db, port: 81 }],
    });
    expect(segment('url :80 tail docker-ns db trigger child url :81 tail url :82')).toMatchObject({
      tail: { lazy: false },
      link: { lazy: true },
    });
  });

  test('a child listens where the tail is, and the tail stays', () => {
    const line = 'url :80 tail url 10.0.0.1:81 docker-ns db child url :3306 tail url :9';
    expect(target(line)).toEqual({ ...local, namespace: db, host: '10.0.0.1', port: 81 });
    expect(behind(line, 1).head).toEqual({ ...local, namespace: db, host: '10.0.0.1', port: 3306, connIdleMs: 0 });
    expect(behind(line, 1).tail.targets).toEqual([{ ...local, port: 9 }]);
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

  test('connect has no address, only a place to dial from', () => {
    expect(segment('url :1080 tail connect socks5 docker-ns db').tail.targets).toEqual([
      { protocol: 'tcp', namespace: db, host: '', port: 0, connect: 'socks5' },
    ]);
  });

  test('lists the words that are not carried out yet, once each, in their order', () => {
    const line =
      'url :80 trigger docker-run web idle 5m on-idle stop ready none timeout 1s child url :81 trigger tunnel p docker-run x1';
    expect(read(line).unsupported).toEqual([
      'trigger',
      'docker-run',
      'ready',
      'timeout',
      'idle',
      'on-idle',
      'child',
      'tunnel',
    ]);
    expect(read('url :1 tail connect').unsupported).toEqual(['connect']);
    expect(read('url :1 chain url :2 remote p udptunnel q docker-ns db').unsupported).toEqual([
      'chain',
      'remote',
      'udptunnel',
    ]);
  });

  test('is the same each time and survives JSON', () => {
    const tail = fc.constantFrom(
      'tail url :1',
      'docker-ns db',
      'tail url h:2 also docker-ns db',
      'trigger docker-run web',
      'tail connect',
    );
    const link = fc.constantFrom(
      'remote p',
      'tunnel p',
      'trigger udptunnel q:1',
      'child url :4',
      'trigger docker-run a1 child url :5',
    );
    const line = fc
      .tuple(fc.constantFrom('', 'id x ', 'label a=b '), fc.array(link, { maxLength: 3 }), tail)
      .map(([id, links, last]) => [`${id}url :3`, ...links, last].join(' '));
    let planned = 0;
    fc.assert(
      fc.property(line, (one) => {
        const chain = parse(one.split(' '));
        try {
          const first = plan(chain);
          expect(plan(chain)).toEqual(first);
          expect(JSON.parse(JSON.stringify(first))).toEqual(first);
          planned++;
        } catch (error) {
          expect(error).toHaveProperty('code', expect.stringMatching(/SPEC_INVALID|SELF_PROXY/));
        }
      }),
    );
    expect(planned).toBeGreaterThan(10);
  });
});
