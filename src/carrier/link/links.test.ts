/** Links over real TLS connections on 127.0.0.1: two processes' worth of them in one. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { breakable, LinksEnd, type LinksEndOptions } from '../../../test/support/links-end.ts';
import { WormholeError } from '../../lib/errors.ts';
import { opensslTls } from '../openssl/tls.ts';
import type { Link } from './link.ts';

const never = new AbortController().signal;
const openssl = opensslTls();
const connection = { kind: 'connection', guest: 'db', from: '10.0.0.1:5', hops: 0 } as const;

test('node’s OpenSSL can be had here', () => {
  expect(openssl).toBeDefined();
});

describe.each([
  ['node’s TLS', undefined, undefined],
  ['OpenSSL’s', openssl, openssl],
  ['node’s TLS to OpenSSL’s', undefined, openssl],
  ['OpenSSL’s to node’s', openssl, undefined],
])('links over %s', (_kind, dials, accepts) => {
  const end = (name: string, options: LinksEndOptions = {}): LinksEnd =>
    new LinksEnd(name, { dialing: dials, accepting: accepts, ...options });
  let a: LinksEnd;
  let b: LinksEnd;
  const more: LinksEnd[] = [];
  beforeEach(async () => {
    a = await end('a').listen();
    b = await end('b').listen();
  });
  afterEach(async () => {
    await Promise.all([a, b, ...more.splice(0)].map((one) => one.close()));
  });

  test('both ends learn who the other is', async () => {
    const link = await a.dial(b.port);
    expect(link.hello).toMatchObject({ name: 'b', role: 'daemon', version: '1.0.0' });
    await expect.poll(() => b.told).toEqual(['up a']);
    expect(Math.abs(link.skewMs)).toBeLessThan(5_000);
  });

  test('streams are opened from either end, and carry what follows their head at once', async () => {
    const link = await a.dial(b.port);
    await expect.poll(() => b.links.all.length).toBe(1);
    for (const [from, to] of [
      [a.links.get(link.number), b],
      [b.links.all[0], a],
    ] as const) {
      to.onStream = (_link, incoming) => {
        expect(incoming.head).toEqual(connection);
        const stream = incoming.accept();
        stream.on('data', (bytes: Buffer) => stream.end(Buffer.from(`you said ${bytes.toString()}`)));
      };
      const stream = await (from as Link).openStream(connection, never);
      stream.end('hello');
      expect(Buffer.concat(await stream.toArray()).toString()).toBe('you said hello');
    }
  });

  test('the end that was dialed opens streams as soon as it has said who it is', async () => {
    a.onStream = (_link, incoming) => incoming.accept().end('yes');
    const answer = new Promise((resolve) => {
      b.onUp = (link) =>
        resolve(
          link.openStream(connection, never).then(async (stream) => Buffer.concat(await stream.toArray()).toString()),
        );
    });
    await a.dial(b.port);
    expect(await answer).toBe('yes');
  });

  test('a refusal comes in the words of the end that refused', async () => {
    const link = await a.dial(b.port);
    b.onStream = (_link, incoming) => incoming.refuse(new WormholeError('WH_ERR_POLICY', 'rule 3 forbids it'));
    await expect(link.openStream(connection, never)).rejects.toMatchObject({
      code: 'WH_ERR_POLICY',
      message: 'rule 3 forbids it',
    });
    expect(link.open).toBe(true);
  });

  test('A11 an address that leads to oneself is refused', async () => {
    await expect(a.dial(a.port)).rejects.toMatchObject({ code: 'WH_ERR_SELF_PROXY' });
  });

  test('another version of the protocol is refused in words', async () => {
    const old = end('old', { version: 'not a version!' });
    more.push(old);
    await expect(old.dial(b.port)).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });

  test('a name that is live is not given twice to those who insist, and one that is configured not to strangers', async () => {
    const guarded = await end('guarded', {
      ownerOf: (name) => (name === 'db-host' ? 'db-key' : undefined),
    }).listen();
    const c = end('c');
    more.push(guarded, c);
    await a.dial(guarded.port, { as: 'laptop' });
    await expect(c.dial(guarded.port, { as: 'laptop' })).rejects.toMatchObject({ code: 'WH_ERR_PEER_EXISTS' });
    await expect(c.dial(guarded.port, { as: 'db-host' })).rejects.toMatchObject({ code: 'WH_ERR_PEER_EXISTS' });
    await expect(c.dial(guarded.port, { as: 'phone' })).resolves.toBeDefined();
  });

  test('when both dial at once one link stays for both, and none breaks', async () => {
    const both = await Promise.all([a.dial(b.port), b.dial(a.port)]);
    expect(both).toHaveLength(2);
    await expect.poll(() => [a.links.all.length, b.links.all.length]).toEqual([1, 1]);
    expect(a.links.all[0]?.dialed).not.toBe(b.links.all[0]?.dialed);
    expect(a.links.all[0]?.open).toBe(true);
  });

  test('a stream outlives its connection, ten times, and no byte is lost or doubled', async () => {
    const between = await breakable(b.port);
    const link = await a.dial(between.port);
    b.onStream = (_link, incoming) => {
      const stream = incoming.accept();
      stream.pipe(stream);
    };
    const stream = await link.openStream(connection, never);
    const sent = randomBytes(8 * 1024 * 1024);
    const got: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => got.push(bytes));
    const ended = new Promise((resolve) => stream.once('end', resolve));
    for (let at = 0, i = 0; at < sent.length; at += 1 << 16, i += 1) {
      if (i % 13 === 5) between.cut();
      if (!stream.write(sent.subarray(at, at + (1 << 16))))
        await new Promise((resolve) => stream.once('drain', resolve));
    }
    stream.end();
    await ended;
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    expect(a.told.filter((one) => one === 'resumed').length).toBeGreaterThan(3);
    between.close();
  }, 30_000);

  test('a peer that restarted is found out at the next connection, and its streams end', async () => {
    const between = await breakable(b.port);
    const link = await a.dial(between.port);
    const { port } = b;
    await b.links.close(0);
    await b.server.close(0);
    b = end('b');
    const [address] = await b.server.listen([{ host: '127.0.0.1', port }]);
    expect(address?.port).toBe(port);
    between.cut();
    await expect.poll(() => link.over).toBe(true);
    between.close();
  }, 20_000);

  test('kicking drops the connection and nothing else', async () => {
    const link = await a.dial(b.port);
    a.links.kick(link.number);
    await expect.poll(() => a.told).toContain('resumed');
    expect(await link.ping()).toBeGreaterThan(0);
  });

  test('closing lets streams end first', async () => {
    const link = await a.dial(b.port);
    b.onStream = (_link, incoming) => void incoming.accept().resume();
    const stream = await link.openStream(connection, never);
    stream.resume();
    const closing = a.links.close(5_000);
    await expect.poll(() => b.told).toContain('draining');
    expect(link.over).toBe(false);
    stream.end();
    b.links.all[0]?.destroy(new WormholeError('WH_ERR_ABORTED', 'done'));
    await closing;
    expect(link.over).toBe(true);
  });
});
