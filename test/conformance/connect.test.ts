/** CONNECT and SOCKS5 through a portable route, as curl and others speak them. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, until } from '../support/command.ts';
import { BULK, closed, connectRoute, dialRoute, untilEnd } from '../support/connect-route.ts';
import { connectHead, socksRequest } from '../support/connect-world.ts';
import { openDescriptors } from '../support/descriptors.ts';
import { silentTarget } from '../support/relay-targets.ts';

const directory = mkdtempSync(join(tmpdir(), 'wh-connect-'));
const upload = join(directory, 'upload');
const content = Buffer.alloc(BULK, 'wormhole');
const auth = join(directory, 'auth');
/** It takes no connection and refuses none. */
let silent: Awaited<ReturnType<typeof silentTarget>>;

beforeAll(async () => {
  writeFileSync(upload, content);
  writeFileSync(auth, 'alice:se:cret\n', { mode: 0o600 });
  silent = await silentTarget();
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await silent[Symbol.asyncDispose]();
});

/** Standard output of curl, and how it ended. */
async function curl(...words: string[]): Promise<string> {
  const never = ['--silent', '--show-error', '--noproxy', '', '--max-time', '30'];
  return await command('curl', [...never, ...words]).catch((error: Error) => error.message);
}

/** How curl is told to use the proxy at `port`. */
const manners: readonly (readonly [string, (port: number) => string[]])[] = [
  ['--proxytunnel', (port) => ['--proxytunnel', '--proxy', `http://127.0.0.1:${port}`]],
  ['--proxy1.0 --proxytunnel', (port) => ['--proxytunnel', '--proxy1.0', `127.0.0.1:${port}`]],
  ['--socks5-hostname', (port) => ['--socks5-hostname', `127.0.0.1:${port}`]],
  ['--socks5', (port) => ['--socks5', `127.0.0.1:${port}`]],
];

describe.each(manners)('curl %s', (manner, through) => {
  const name = manner === '--socks5' ? 'localhost' : 'web.test';

  test('reaches the destination that it names, every byte counted both ways', async () => {
    await using world = await connectRoute();
    const url = `http://${name}:${world.web}`;
    const digest = createHash('sha256').update(content).digest('hex');
    const said = await curl(...through(world.port), '--data-binary', `@${upload}`, '--header', 'Expect:', `${url}/up`);
    expect(said).toBe(`POST ${name}:${world.web} ${BULK} ${digest}`);
    const up = await world.record();
    expect(up).toMatchObject({ reason: 'done', upstream: expect.stringContaining(`:${world.web}`) });
    expect(up.bytesIn).toBeGreaterThan(BULK);
    expect(up.bytesIn).toBeLessThan(BULK + 1000);
    expect(
      await curl(...through(world.port), '--output', '/dev/null', '--write-out', '%{size_download}', `${url}/bulk`),
    ).toBe(String(BULK));
    const down = await world.record();
    expect(down.bytesOut).toBeGreaterThan(BULK);
    expect(down.bytesOut).toBeLessThan(BULK + 1000);
    expect(world.asked[0]).toEqual({ host: name === 'localhost' ? '127.0.0.1' : name, port: world.web });
  });

  test('is asked for user and password where a file says who may', async () => {
    await using world = await connectRoute({ auth });
    const url = `http://127.0.0.1:${world.web}/`;
    expect(await curl(...through(world.port), '--proxy-user', 'alice:se:cret', url)).toMatch(/^GET /);
    expect(await curl(...through(world.port), '--proxy-user', 'alice:wrong', url)).toMatch(/exit (56|97)/);
    expect(await curl(...through(world.port), url)).toMatch(/exit (56|97)/);
  });
});

describe('curl --proxy', () => {
  test('with an http URL is told 405: this is no proxy for requests', async () => {
    await using world = await connectRoute();
    const words = ['--proxy', `http://127.0.0.1:${world.port}`, '--write-out', '%{http_code}', 'http://web.test/'];
    expect(await curl(...words)).toMatch(/this proxy serves CONNECT\s+405$/);
    expect(await world.record()).toMatchObject({ reason: 'refused', bytesIn: 0, bytesOut: 0 });
    expect(world.asked).toEqual([]);
  });

  test.each([
    ['A17 what policy denies', 'denied.test:80', 403, 2],
    ['a name that does not resolve', 'nowhere.test:80', 502, 4],
    ['a control plane that does not answer', 'down.test:80', 503, 1],
    ['a lookup that takes too long', 'late.test:80', 504, 6],
    ['a port where nobody listens', '127.0.0.1:1', 502, 5],
    ['an address without a route', '[2001:db8::1]:80', 502, 3],
    ['an address that does not answer', 'silent', 504, 6],
  ])('%s is told apart: %s → %i, SOCKS %i', async (_, named, status, reply) => {
    await using world = await connectRoute({}, { connectTimeoutMs: 300 });
    const url = `http://${named === 'silent' ? silentAddress() : named}/`;
    const proxy = ['--proxytunnel', '--proxy', `http://127.0.0.1:${world.port}`];
    expect(await curl(...proxy, url)).toContain(`CONNECT tunnel failed, response ${status}`);
    expect(await curl('--socks5-hostname', `127.0.0.1:${world.port}`, url)).toMatch(
      new RegExp(`exit 97: .*\\(${reply}\\)`),
    );
  });
});

function silentAddress(): string {
  const { address } = silent;
  if (address.kind !== 'ip') throw new Error('not an IP address');
  return `${address.host}:${address.port}`;
}

describe('a tunnel', () => {
  const openings: readonly (readonly [string, (port: number) => Buffer, number])[] = [
    [
      'HTTP',
      (port) => Buffer.from(connectHead(`raw.test:${port}`)),
      'HTTP/1.1 200 Connection established\r\n\r\n'.length,
    ],
    ['SOCKS5', (port) => socksRequest('raw.test', port), 2 + 10],
  ];

  test.each(openings)('%s: bytes sent with the request arrive first, and exactly', async (_, open, answerLength) => {
    await using world = await connectRoute();
    const [client, next] = [await dialRoute(world.port), world.next()];
    const early = Buffer.alloc(300_000, 'early');
    client.write(Buffer.concat([open(world.raw), early]));
    client.end('late');
    const target = await next;
    expect(await untilEnd(target)).toEqual(Buffer.concat([early, Buffer.from('late')]));
    target.end('answer');
    expect((await untilEnd(client)).subarray(answerLength).toString()).toBe('answer');
    expect(await world.record()).toMatchObject({ reason: 'done', bytesIn: 300_004, bytesOut: 6 });
  });

  test.each(openings)(
    '%s: Q2 the end of either direction reaches the other side, and the other goes on',
    async (_, open) => {
      await using world = await connectRoute();
      const [client, next] = [await dialRoute(world.port), world.next()];
      client.write(open(world.raw));
      const target = await next;
      target.end('banner');
      await untilEnd(client);
      client.write('after the end');
      client.end();
      expect(String(await untilEnd(target))).toBe('after the end');
      expect(await world.record()).toMatchObject({ reason: 'done', bytesIn: 13, bytesOut: 6 });
    },
  );

  test.each(openings)('%s: a reset of either side resets the other', async (_, open, answerLength) => {
    await using world = await connectRoute();
    for (const who of ['client', 'target'] as const) {
      const [client, next] = [await dialRoute(world.port), world.next()];
      client.write(open(world.raw));
      client.on('error', () => undefined);
      client.resume();
      await until('the tunnel stands', () => client.bytesRead === answerLength);
      const target = await next;
      target.resume();
      const other = who === 'client' ? target : client;
      const over = closed(other);
      (who === 'client' ? client : target).resetAndDestroy();
      await over;
      expect((await world.record()).reason).toBe(`${who}-reset`);
    }
  });

  test('1,000 of them one after the other leave nothing open', async () => {
    await using world = await connectRoute();
    const one = async (index: number): Promise<void> => {
      const [, open, skip] = openings[index % 2] ?? openings[0] ?? [];
      const [client, next] = [await dialRoute(world.port), world.next()];
      client.end(Buffer.concat([open?.(world.raw) ?? Buffer.alloc(0), Buffer.from(`hello ${index}`)]));
      const target = await next;
      target.pipe(target);
      expect((await untilEnd(client)).subarray(skip).toString()).toBe(`hello ${index}`);
      expect((await world.record()).reason).toBe('done');
    };
    await one(0);
    const before = openDescriptors();
    for (let index = 0; index < 1000; index++) await one(index);
    await until('descriptors are closed', () => openDescriptors() <= before);
    expect(world.route.stats()).toMatchObject({ connectionsOpen: 0, connectionsWaiting: 0, connectionsTotal: 1001 });
  });
});

describe('a route whose clients name the destination', () => {
  test('gives up the dial for a client that has gone', async () => {
    await using world = await connectRoute({}, { connectTimeoutMs: 0 });
    const client = await dialRoute(world.port);
    client.write(connectHead(silentAddress()));
    await until('it is dialed', () => world.asked.length === 1);
    client.resetAndDestroy();
    expect(await world.record()).toMatchObject({ reason: 'client-gone' });
  });

  test('when it is closed, resets those who are still being asked', async () => {
    await using world = await connectRoute();
    const client = await dialRoute(world.port);
    client.on('error', () => undefined);
    client.write('CONNECT ');
    await until('it is there', () => world.route.stats().connectionsOpen === 1);
    const over = closed(client);
    await world.route.close(0);
    await over;
    expect(await world.record()).toMatchObject({ reason: 'closed-by-daemon' });
  });
});
