import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { basic, connectHead, PATIENT_MS, socksRequest, talk } from '../../../test/support/connect-world.ts';
import { negotiate } from './negotiate.ts';
import { ClientLeft } from './refusal.ts';

const only = (user: string, password: string) => user === 'alice' && password === 'se:cret';

/** What `stream` has to say until its end. */
async function rest(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += (chunk as Buffer).toString('latin1');
  return text;
}

describe('HTTP CONNECT', () => {
  test('tells the destination, and a 200 without length or coding begins the tunnel', async () => {
    await using one = await talk();
    one.client.write(connectHead('db.example:3306'));
    const { protocol, destination, accept } = await one.negotiation;
    expect({ protocol, destination }).toEqual({ protocol: 'http', destination: { host: 'db.example', port: 3306 } });
    accept({ host: '127.0.0.1', port: 4 });
    one.served.end('hello');
    expect(await one.answer).toBe('HTTP/1.1 200 Connection established\r\n\r\nhello');
  });

  test('what was sent behind the head, and the end of it, is left for the destination', async () => {
    await using one = await talk();
    one.client.end(`${connectHead('db:3306')}early \0\n bytes`);
    await one.negotiation;
    expect(one.served.isPaused()).toBe(true);
    expect(await rest(one.served)).toBe('early \0\n bytes');
  });

  test('a client that half-closes with its request is served', async () => {
    await using one = await talk();
    one.client.end(connectHead('db:3306'));
    const { accept } = await one.negotiation;
    accept();
    one.served.end('hello');
    expect(await one.answer).toBe('HTTP/1.1 200 Connection established\r\n\r\nhello');
  });

  test('one byte at a time is as good as all at once', async () => {
    await using one = await talk();
    for (const byte of `${connectHead('db:3306')}xyz`) {
      one.client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await one.negotiation).destination).toEqual({ host: 'db', port: 3306 });
    one.client.end();
    expect(await rest(one.served)).toBe('xyz');
  });

  test.each([
    ['denied', 403, 'Forbidden'],
    ['refused', 502, 'Bad Gateway'],
    ['unresolved', 502, 'Bad Gateway'],
    ['timeout', 504, 'Gateway Timeout'],
    ['unavailable', 503, 'Service Unavailable'],
  ] as const)('refused as %s, the client is told %i and the connection ends', async (why, status, phrase) => {
    await using one = await talk();
    one.client.write(connectHead('db:3306'));
    const refusing = (await one.negotiation).refuse(why);
    const answer = await one.answer;
    one.client.end();
    await refusing;
    expect(one.served.destroyed).toBe(true);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual([
      `HTTP/1.1 ${status} ${phrase}`,
      'Content-Type: text/plain',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ]);
    expect(body).toMatch(/^[a-z ]+\n$/);
  });

  test('another method is told 405 and what is allowed; HEAD without a body', async () => {
    await using one = await talk();
    one.client.write('GET http://db/ HTTP/1.1\r\nHost: db\r\n\r\n');
    expect(await one.answer).toMatch(
      /^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n[^]*\r\n\r\n[a-zA-Z ]+\n$/,
    );
    await using two = await talk();
    two.client.write('HEAD / HTTP/1.1\r\nHost: db\r\n\r\n');
    expect(await two.answer).toMatch(/^HTTP\/1\.1 405 [^]*\r\n\r\n$/);
  });

  test('credentials are asked for with 407, and only the right ones are served', async () => {
    const wrong = [
      [],
      [basic('alice', 'wrong')],
      [basic('bob', 'se:cret')],
      ['Proxy-Authorization: Bearer x'],
      ['Proxy-Authorization: Basic !!!'],
      ['Proxy-Authorization: Basic YWxpY2U='],
      [basic('alice', 'se:cret').replace('Proxy-', '')],
    ];
    for (const lines of wrong) {
      await using one = await talk({ credentials: only });
      one.client.write(connectHead('db:3306', ...lines));
      const answer = await one.answer;
      expect(answer).toMatch(/^HTTP\/1\.1 407 [^]*\r\nProxy-Authenticate: Basic realm="wormhole", charset="UTF-8"\r\n/);
      await expect(one.negotiation).rejects.toMatchObject({ why: 'credentials' });
    }
    await using one = await talk({ credentials: only });
    one.client.write(connectHead('db:3306', basic('alice', 'se:cret')));
    expect(await one.negotiation).toMatchObject({ user: 'alice', destination: { host: 'db', port: 3306 } });
  });

  test('credentials that cannot be checked now serve nobody', async () => {
    await using one = await talk({ credentials: () => Promise.reject(new Error('no such file')) });
    one.client.write(connectHead('db:3306', basic('alice', 'se:cret')));
    expect(await one.answer).toMatch(/^HTTP\/1\.1 503 [^]*now\n$/);
  });
});

describe('a client', () => {
  test('that speaks the other protocol than the one that is spoken is refused', async () => {
    await using http = await talk({ kind: 'http' });
    http.client.write(socksRequest('db', 80));
    expect(await http.answer).toMatch(/^HTTP\/1\.1 400 /);
    await using socks = await talk({ kind: 'socks5' });
    socks.client.write(connectHead('db:80'));
    expect(await socks.answer).toBe('\x05\xff');
  });

  test('that goes away before it has said what it wants has left', async () => {
    for (const said of ['', 'CONNECT db', '\x05', '\x05\x01\x00']) {
      await using one = await talk();
      one.client.end(Buffer.from(said, 'latin1'));
      await expect(one.negotiation).rejects.toBeInstanceOf(ClientLeft);
      await using two = await talk();
      two.client.write(Buffer.from(said, 'latin1'), () => two.client.resetAndDestroy());
      await expect(two.negotiation).rejects.toBeInstanceOf(ClientLeft);
    }
  });

  test('may be any stream, not only a socket', async () => {
    const [client, served] = duplexPair();
    client.write(`${connectHead('db:80')}early`);
    const signal = new AbortController().signal;
    const negotiation = await negotiate(served, { kind: 'any', deadlineMs: PATIENT_MS, maxHeadBytes: 1024, signal });
    negotiation.accept();
    expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    client.end();
    expect(await rest(served)).toBe('early');
  });

  test('is left alone when the wait for it is called off', async () => {
    const stop = new AbortController();
    await using one = await talk({ signal: stop.signal });
    one.client.write('CONNECT ');
    stop.abort(new Error('over'));
    await expect(one.negotiation).rejects.toThrow('over');
    expect(one.served.destroyed).toBe(false);
  });
});
