/** The plan in plain English. */
import { describe, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { parse } from './parse.ts';
import { plan } from './planner.ts';
import { splitWords } from './shell.ts';

const read = (line: string): string => explain(plan(parse(splitWords(line)))).join('\n');

describe('explain', () => {
  test('tells id, labels, limits of the head and where a free port is printed', () => {
    const text = read('id shop label a=b label c= max-conns 5 conn-idle 90s tail url :81');
    expect(text).toMatch(/^wormhole shop · a=b c=$/m);
    expect(text).toContain("a free TCP port of 127.0.0.1 in the host's namespace, printed by create");
    expect(text).toContain('Takes at most 5 connections at once; each ends after 1m30s without a byte.');
  });

  test('tells a pool, its order and what happens when a member fails', () => {
    const text = read(
      'url :80 tail url :81 also docker-ns web balance least-conn connect-timeout 2s proxy-protocol v1',
    );
    expect(text).toContain('one of 2 targets, the one with the fewest open connections:');
    expect(text).toContain("- TCP 127.0.0.1:81 in the host's namespace\n   - TCP 127.0.0.1:80 inside container web");
    expect(text).toContain('tries the other members, then again for 2s in all');
    expect(text).toContain("A PROXY v1 header tells it the client's address.");
    expect(text).toContain('A container is followed by its name');
  });

  test('tells namespaces of all kinds', () => {
    expect(read('url blue@:1 tail url pid:7@:2')).toMatch(/in network namespace blue[^]*in the namespace of process 7/);
    expect(read('url :1 tail url container:web@:2')).toContain('inside container web');
    expect(read('url unix:///x mode 600 owner a:b tail url unix:///y docker-ns web')).toMatch(
      /unix socket \/x of the host[^]*mode 0600[^]*belongs to a:b[^]*unix socket \/y inside container web/,
    );
  });

  test('tells datagrams apart from connections', () => {
    expect(read('url udp://:53 remote db-host')).toContain('The datagrams of each client travel to db-host');
    const text = read('url udp://:53 docker-ns dns');
    expect(text).toContain('The datagrams of each client go to UDP 127.0.0.1:53 inside container dns.');
    expect(text).toContain('each is forgotten some time after its last datagram');
    expect(text).not.toContain('If it does not answer');
  });

  test('tells when a container starts, is ready, and stops', () => {
    const text = read('url :80 trigger docker-run shop ready http:80/up timeout 2m idle 5m on-idle remove');
    expect(text).toContain('Ready by the probe http:80/up; gives up after 2m.');
    expect(text).toContain('After 5m without an open connection it is removed.');
    const named = read('url :80 trigger docker-ns web idle 5m on-idle remove');
    expect(named).toContain('After 5m without an open connection it is stopped.');
    const both = read('url :80 trigger docker-run shop also docker-ns web idle 5m on-idle remove');
    expect(both).toContain('After 5m without an open connection it is removed; container web is stopped.');
    expect(read('url :80 docker-run shop')).toContain('Starts a container from image shop at create.');
    expect(read('url udp://:53 trigger docker-run dns')).toContain('Ready when its port is bound');
    expect(read('url :80 trigger docker-run web ready none')).toContain('Readiness is not tested.');
    expect(read('url :80 docker-run app tail url :81')).toContain('That container is started first, from image app.');
  });

  test('tells that a container which is stopped for being idle is started, also without trigger', () => {
    const text = read('url :80 docker-ns web idle 5m ready http:80/up');
    expect(text).toContain('2. Starts container web if it is stopped at create.');
    expect(text).toContain('Ready by the probe http:80/up; gives up after 1m.');
    expect(text).toContain('After 5m without an open connection it is stopped; the next one starts it again.');
    expect(read('url :80 docker-ns web idle 5m')).toContain('Ready when its port accepts a connection');
    const pool = read('url :80 tail docker-run shop also docker-ns web');
    expect(pool).toContain('Starts a container from image shop and container web if it is stopped at create.');
    expect(read('url :80 docker-ns web')).not.toContain('Starts');
  });

  test('tells who names the destination of connect', () => {
    expect(read('url :1080 tail connect socks5')).toContain('the destination that the client names by SOCKS5');
    expect(read('url :1080 tail connect')).toContain('Whoever reaches the listener may use it.');
    const text = read('url :1080 connect http auth /etc/wormhole/users connect-timeout 3s');
    expect(text).toContain('Only users of /etc/wormhole/users are served, by password.');
    expect(text).toContain('If it does not answer within 3s, the client is told so.');
    expect(text).not.toContain('tries again');
  });

  test('repeats nothing of docker-run but the image', () => {
    const text = read(`url :80 trigger docker-run "-e PASS=geheim --name db mysql:8 --pw=geheim"`);
    expect(text).toContain('mysql:8');
    expect(text).not.toContain('geheim');
  });
});
