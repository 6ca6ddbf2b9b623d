/** What the words mean: binding, merging, implied tails, links. */
import { describe, expect, test } from 'vitest';
import type { Chain, Segment } from './chain.ts';
import { parse } from './parse.ts';

const empty: Segment = { head: {}, headOptions: {}, tail: [], tailOptions: {} };
const read = (line: string): Chain => parse(line.split(' '));
const segment = (line: string): Segment => read(line).segment;

describe('parse', () => {
  test.each<[string, Partial<Segment>]>([
    ['url :40', { head: { url: { port: 40 } } }],
    ['docker-ns foo', { tail: [{ container: 'foo' }] }],
    ['docker-run foo', { tail: [{ run: ['foo'] }] }],
    ['child', { link: { kind: 'child', segment: empty } }],
    ['chain', { link: { kind: 'chain', segment: empty } }],
    ['remote foo', { link: { kind: 'remote', peer: { kind: 'name', name: 'foo' }, segment: empty } }],
    ['tunnel foo', { link: { kind: 'tunnel', peer: { kind: 'name', name: 'foo' }, segment: empty } }],
    ['udptunnel foo', { link: { kind: 'udptunnel', peer: { kind: 'name', name: 'foo' }, segment: empty } }],
  ])('WU1 reads the one word %s', (line, expected) => {
    expect(read(line)).toEqual({ labels: {}, segment: { ...empty, ...expected } });
  });

  test('WU2 reads an id', () => {
    expect(read('id foo')).toEqual({ id: 'foo', labels: {}, segment: empty });
  });

  test('WU3 reads an id, a url and a docker-run', () => {
    const expected = { ...empty, head: { url: { port: 40 } }, tail: [{ run: ['bar'] }] };
    expect(read('id foo url :40 docker-run bar')).toEqual({ id: 'foo', labels: {}, segment: expected });
  });

  test('WU4 what follows remote is of the next segment', () => {
    const { head, tail, link } = segment('id foo url :40 remote bar docker-run baz');
    expect({ head, tail }).toEqual({ head: { url: { port: 40 } }, tail: [] });
    expect(link?.segment).toEqual({ ...empty, tail: [{ run: ['baz'] }] });
  });

  test('WU5 what follows trigger is done by the first connection', () => {
    const expected = { ...empty, head: { url: { port: 40 } }, trigger: [{ run: ['baz'] }] };
    expect(segment('id foo url :40 trigger docker-run baz')).toEqual(expected);
  });

  test('WU6 url describes the head', () => {
    expect(segment('url :40').head).toEqual({ url: { port: 40 } });
  });

  test('WU7 after tail, url describes the tail', () => {
    expect(segment('tail url :40')).toEqual({ ...empty, tail: [{ url: { port: 40 } }] });
  });

  test('WU8 a second url wins, part by part', () => {
    expect(segment('url foo:40 url :41').head.url).toEqual({ host: 'foo', port: 41 });
    expect(segment('tail url :40 url udp://:41').tail).toEqual([{ url: { protocol: 'udp', port: 41 } }]);
  });

  test('WU9 every word is used up: equal words in another place give an equal chain', () => {
    expect(read('url :1 id a tail docker-ns db label k=v max-conns 3')).toEqual(
      read('label k=v max-conns 3 url :1 tail id a docker-ns db'),
    );
  });

  test('docker-ns alone before tail, trigger or a link is the host', () => {
    const hosted = { url: { port: 1 }, host: true };
    for (const next of ['tail', 'trigger', 'child', 'chain', 'remote p', 'tunnel p', 'udptunnel p', 'remote=tail']) {
      expect(segment(`url :1 docker-ns ${next}`).head).toEqual(hosted);
    }
    expect(segment('url :1 docker-ns tail docker-ns db').tail).toEqual([{ container: 'db' }]);
  });

  test('docker-ns before a tail or a link is the head, and without them the tail', () => {
    expect(segment('docker-ns a tail docker-ns b')).toMatchObject({
      head: { container: 'a' },
      tail: [{ container: 'b' }],
    });
    expect(segment('docker-ns a remote p')).toMatchObject({ head: { container: 'a' }, tail: [] });
    expect(segment('docker-ns a tail')).toMatchObject({ head: { container: 'a' }, tail: [] });
    expect(segment('url blue@:1 docker-ns a')).toMatchObject({
      head: { url: { namespace: { kind: 'netns', name: 'blue' } } },
      tail: [{ container: 'a' }],
    });
  });

  test('word=ARG takes its argument as it is', () => {
    expect(segment('docker-ns=tail').tail).toEqual([{ container: 'tail' }]);
    expect(read('id=child url=:1 docker-ns=db')).toEqual(read('id=child url :1 docker-ns db'));
    expect(read('label=a=b').labels).toEqual({ a: 'b' });
    expect(segment('remote=tunnel').link?.peer).toEqual({ kind: 'name', name: 'tunnel' });
    expect(segment('connect=http').tail).toEqual([{ connect: 'http' }]);
  });

  test('a word of the language that opens nothing may be an argument', () => {
    expect(segment('docker-ns url').tail).toEqual([{ container: 'url' }]);
    expect(read('id idle').id).toBe('idle');
  });

  test('options bind by their kind, wherever they stand', () => {
    const { headOptions, tailOptions } = segment(
      'balance first url :1 connect-timeout 2s tail docker-ns db max-conns 9 conn-idle 1m proxy-protocol v1 mode 600 owner a:b',
    );
    expect(headOptions).toEqual({ maxConns: 9, connIdleMs: 60_000, mode: 0o600, owner: 'a:b' });
    expect(tailOptions).toEqual({ balance: 'first', connectTimeoutMs: 2000, proxyProtocol: 'v1' });
    const words = 'trigger docker-ns db ready health timeout 2m idle 5m on-idle remove';
    expect(segment(words).tailOptions).toEqual({
      ready: { kind: 'health' },
      timeoutMs: 120_000,
      idleMs: 300_000,
      onIdle: 'remove',
    });
  });

  test('also separates the members of a pool', () => {
    const pool = [{ url: { port: 1 } }, { container: 'db' }, { url: { port: 3 }, container: 'd2' }];
    expect(segment('tail url :1 also docker-ns db also url :3 docker-ns d2').tail).toEqual(pool);
    expect(segment('tail trigger url :1 also docker-ns db also url :3 docker-ns d2').trigger).toEqual(pool);
  });

  test('docker-run is one word, split as a shell would', () => {
    expect(parse(['docker-run', `-e 'A=x y' "mysql:8" --flag`]).segment.tail).toEqual([
      { run: ['-e', 'A=x y', 'mysql:8', '--flag'] },
    ]);
  });

  test('connect alone means any', () => {
    expect(segment('remote k tail connect').link?.segment.tail).toEqual([{ connect: 'any' }]);
    expect(segment('tail connect socks5').tail).toEqual([{ connect: 'socks5' }]);
  });

  test('tail and trigger may both describe one target', () => {
    expect(segment('tail url :1 trigger docker-ns db')).toMatchObject({
      tail: [{ url: { port: 1 } }],
      trigger: [{ container: 'db' }],
    });
  });

  test('a link after trigger belongs to the trigger, and parts begin anew behind it', () => {
    const { trigger, link } = segment('url :1 trigger tunnel p trigger docker-run x');
    expect(trigger).toEqual([]);
    expect(link?.segment).toEqual({ ...empty, trigger: [{ run: ['x'] }] });
  });

  test('an object key of JavaScript is an ordinary label', () => {
    expect(read('label constructor=x label toString=y').labels).toEqual({ constructor: 'x', toString: 'y' });
  });
});
