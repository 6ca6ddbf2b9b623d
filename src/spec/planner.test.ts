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
    expect(planned).toMatchObject({ id: 'x', labels: { a: 'b' } });
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
    expect(segment('url udp://:53 trigger docker-run dns').tail.ready).toEqual({ kind: 'tcp', byDefault: true });
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

  test('connect has no address, only a place to dial from', () => {
    expect(segment('url :1080 tail connect socks5 docker-ns db').tail.targets).toEqual([
      { protocol: 'tcp', namespace: db, host: '', port: 0, connect: 'socks5' },
    ]);
    expect(segment('url :1080 auth /etc/users connect').tail).toMatchObject({ auth: '/etc/users' });
    expect(segment('url :1080 connect').tail).not.toHaveProperty('auth');
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
