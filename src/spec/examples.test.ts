/** The sentences that people will type first: they parse, plan and explain as told. */
import { describe, expect, test } from 'vitest';
import { explain, format, parse, plan, quote } from './spec.ts';

const read = (line: string): string[] => explain(plan(parse(line.split(' '))));
/** The numbered stations only. */
const stations = (line: string): string[] => read(line).filter((text) => /^\d/.test(text));

describe('examples', () => {
  test('example 1: the host port leads to the container, with docker-ns alone for the host', () => {
    const told = [
      "1. Listens on TCP 127.0.0.1:3306 in the host's namespace.",
      '2. Each connection goes to TCP 127.0.0.1:3306 inside container mysql.',
    ];
    expect(stations('url :3306 docker-ns tail docker-ns mysql')).toEqual(told);
    expect(stations('url :3306 tail docker-ns mysql')).toEqual(told);
    expect(stations('url :3306 docker-ns mysql')).toEqual(told);
  });

  test("example 2: one container's localhost leads to another's", () => {
    expect(stations('url :3306 docker-ns app tail docker-ns mysql')).toEqual([
      '1. Listens on TCP 127.0.0.1:3306 inside container app.',
      '2. Each connection goes to TCP 127.0.0.1:3306 inside container mysql.',
    ]);
  });

  test('example 3: everything is made by the first connection', () => {
    expect(
      read('url :80 trigger docker-run wormhole/wordpress child url :3306 trigger docker-run wormhole/mysql'),
    ).toEqual([
      'wormhole (id chosen at create)',
      "1. Listens on TCP 127.0.0.1:80 in the host's namespace.",
      '   Takes as many connections as the daemon allows; none ends for being idle.',
      '2. The first connection starts a container from image wormhole/wordpress; all that arrive meanwhile wait.',
      '   Then the child below gets its listener, and only then readiness is awaited.',
      '   Ready when its port accepts a connection (or its HEALTHCHECK passes, if the image has one); gives up after 1m.',
      '   It is never stopped for being idle.',
      '3. Each connection goes to TCP 127.0.0.1:80 inside the started container.',
      '   If it does not answer, tries again for 5s in all, then closes the connection.',
      '4. Also listens (child, with the first connection, before readiness is tested) on TCP 127.0.0.1:3306 inside the container of the tail above.',
      '   Takes as many connections as the daemon allows; none ends for being idle.',
      '5. The first connection starts a container from image wormhole/mysql; all that arrive meanwhile wait.',
      '   Ready when its port accepts a connection (or its HEALTHCHECK passes, if the image has one); gives up after 1m.',
      '   It is never stopped for being idle.',
      '6. Each connection goes to TCP 127.0.0.1:3306 inside the started container.',
      '   If it does not answer, tries again for 5s in all, then closes the connection.',
    ]);
  });

  test.each([
    'url :3306 remote myserver tail docker-ns mysql',
    'url :3306 remote myserver tail url :3306 docker-ns mysql',
  ])('example 4, in both spellings: %s', (line) => {
    expect(stations(line)).toEqual([
      "1. Listens on TCP 127.0.0.1:3306 in the host's namespace.",
      '2. Each connection travels to myserver, encrypted (carrier, set up at create); gives up after 5s.',
      '3. On myserver: no listener, connections come out of the carrier.',
      '4. Each connection goes to TCP 127.0.0.1:3306 inside container mysql.',
    ]);
  });

  test.each([
    'url :3306 tunnel myserver trigger docker-ns mysql',
    'url :3306 tunnel myserver trigger url :3306 docker-ns mysql',
  ])('example 5, in both spellings: %s', (line) => {
    expect(stations(line)).toEqual([
      "1. Listens on TCP 127.0.0.1:3306 in the host's namespace.",
      '2. Each connection travels to myserver through a kernel tunnel (set up at create); gives up after 5s.',
      "3. On myserver: listens on TCP a free port of the tunnel's own address.",
      '4. The first connection starts container mysql if it is stopped; all that arrive meanwhile wait.',
      '5. Each connection goes to TCP 127.0.0.1:3306 inside container mysql.',
    ]);
  });

  test.each(['trigger docker-run wormhole/mysql', 'trigger url :3306 docker-run wormhole/mysql'])(
    'example 6: tunnel and container are made by the first connection: … %s',
    (tail) => {
      const told = stations(`url :3306 trigger tunnel myserver ${tail}`);
      expect(told[1]).toContain('kernel tunnel (set up by the first connection)');
      expect(told.at(-1)).toBe('5. Each connection goes to TCP 127.0.0.1:3306 inside the started container.');
    },
  );

  test('example 7: the child leads through the tunnel', () => {
    const told = stations(
      'url :80 trigger docker-run wormhole/wordpress child url :3306 tunnel myserver trigger docker-run wormhole/mysql',
    );
    expect(told).toHaveLength(8);
    expect(told[3]).toContain('TCP 127.0.0.1:3306 inside the container of the tail above');
    expect(told[4]).toContain('travels to myserver through a kernel tunnel (set up at create)');
    expect(told[7]).toContain('TCP 127.0.0.1:3306 inside the started container');
  });

  test.each([
    ['url :9000 tail url :9001', 2],
    ['url :9000 tail url :9001 docker-run wormhole/pong', 3],
    ['url :9000 chain url :9001 tail url :9002', 4],
    ['url :9000 remote :6666 url :9001 tail url :9002', 4],
    ['url :9000 tunnel :6666 url :9001 tail url :9002', 4],
    ['url :9000 udptunnel :6666 url :9001 tail url :9002', 4],
    ['id foo url :40 remote bar docker-run baz', 5],
    ['id foo url :40 trigger docker-run baz', 3],
    ['url :80 trigger docker-run shop child url :3306 trigger docker-run mysql', 6],
    ['url :3306 remote db-host tail docker-ns mysql', 4],
    ['url :3306 trigger tunnel db-host trigger docker-run mysql', 5],
  ])('XT8 %s has %i stations and is its own canonical spelling', (line, count) => {
    expect(stations(line)).toHaveLength(count);
    const canonical = format(parse(line.split(' ')));
    expect(parse(canonical)).toEqual(parse(line.split(' ')));
    if (!line.includes('remote bar'))
      expect(quote(canonical)).toBe(
        line.replace('remote :6666', 'remote tcp://:6666').replace('tunnel :6666', 'tunnel tcp://:6666'),
      );
  });

  test('example 8 is no spec: a tunnel alone is a command of its own', () => {
    expect(() => parse(['tunnel-create', 'myserver'])).toThrow(/not a word of a spec/);
  });
});
