import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { socksLogin, socksRequest, talk } from '../../../test/support/connect-world.ts';
import { Refused } from './refusal.ts';

const only = (user: string, password: string) => user === 'alice' && password === 'se:cret';

/** What `stream` has to say until its end. */
async function rest(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += (chunk as Buffer).toString('latin1');
  return text;
}

describe('SOCKS5', () => {
  test('tells the destination, and the reply has our own end of the tunnel', async () => {
    await using one = await talk();
    one.client.write(socksRequest('db.example', 3306));
    const { protocol, destination, accept } = await one.negotiation;
    expect({ protocol, destination }).toEqual({ protocol: 'socks5', destination: { host: 'db.example', port: 3306 } });
    accept({ host: '10.0.0.7', port: 258 });
    one.served.end('hello');
    expect(await one.answer).toBe('\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x07\x01\x02hello');
  });

  test.each([
    ['IPv4', [1, 127, 0, 0, 1, 0, 80], { host: '127.0.0.1', port: 80 }],
    [
      'IPv6',
      [4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255],
      { host: '2001:db8::1', port: 65535 },
    ],
    ['the text of IPv4', [3, 7, ...Buffer.from('1.2.3.4'), 0, 80], { host: '1.2.3.4', port: 80 }],
    ['the text of IPv6', [3, 3, ...Buffer.from('::1'), 0, 80], { host: '::1', port: 80 }],
  ])('%s as a destination', async (_, address, destination) => {
    await using one = await talk();
    one.client.write(Buffer.from([5, 2, 2, 0, 5, 1, 0, ...address]));
    expect((await one.negotiation).destination).toEqual(destination);
  });

  test('everything at once, and one byte at a time, with early bytes and the end behind it', async () => {
    const login = socksLogin('alice', 'se:cret');
    const bytes = Buffer.concat([socksRequest('db', 80, { greeting: [5, 1, 2, ...login] }), Buffer.from('early\0')]);
    const later = async (user: string, password: string): Promise<boolean> => {
      await new Promise((resolve) => setImmediate(resolve));
      return only(user, password);
    };
    await using one = await talk({ credentials: later });
    one.client.end(bytes);
    expect(await one.negotiation).toMatchObject({ user: 'alice', destination: { host: 'db', port: 80 } });
    expect(await rest(one.served)).toBe('early\0');
    await using two = await talk({ credentials: later });
    for (const byte of bytes) {
      two.client.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    two.client.end();
    expect((await two.negotiation).destination).toEqual({ host: 'db', port: 80 });
    expect(await rest(two.served)).toBe('early\0');
  });

  test.each([
    ['failed', 1],
    ['denied', 2],
    ['network-unreachable', 3],
    ['host-unreachable', 4],
    ['unresolved', 4],
    ['refused', 5],
    ['timeout', 6],
  ] as const)('refused as %s, the client is replied %i and the connection ends', async (why, code) => {
    await using one = await talk();
    one.client.write(socksRequest('db', 80));
    const refusing = (await one.negotiation).refuse(why);
    expect(await one.answer).toBe(`\x05\x00\x05${String.fromCharCode(code)}\x00\x01\0\0\0\0\0\0`);
    one.client.end();
    await refusing;
    expect(one.served.destroyed).toBe(true);
  });

  test.each([
    ['BIND', [5, 2, 0, 1, 1, 2, 3, 4, 0, 80], 7],
    ['UDP ASSOCIATE', [5, 3, 0, 1, 0, 0, 0, 0, 0, 0], 7],
    ['a command that does not exist', [5, 9, 0, 1, 1, 2, 3, 4, 0, 80], 7],
    ['an address type that does not exist', [5, 1, 0, 2, 1, 2, 3, 4, 0, 80], 8],
    ['another version', [4, 1, 0, 1, 1, 2, 3, 4, 0, 80], 1],
    ['something in the reserved byte', [5, 1, 1, 1, 1, 2, 3, 4, 0, 80], 1],
    ['port 0', [5, 1, 0, 1, 1, 2, 3, 4, 0, 0], 1],
    ['no name', [5, 1, 0, 3, 0, 0, 80], 1],
    ['0.0.0.0', [5, 1, 0, 1, 0, 0, 0, 0, 0, 80], 1],
    ['::', [5, 1, 0, 4, ...Array.from({ length: 16 }, () => 0), 0, 80], 1],
  ])('%s is refused with %#', async (_, request, code) => {
    await using one = await talk();
    one.client.write(Buffer.from([5, 1, 0, ...request]));
    expect(await one.answer).toBe(`\x05\x00\x05${String.fromCharCode(code)}\x00\x01\0\0\0\0\0\0`);
    await expect(one.negotiation).rejects.toBeInstanceOf(Refused);
  });

  test('credentials are asked for by method, and only the right ones are served', async () => {
    await using none = await talk({ credentials: only });
    none.client.write(Buffer.from([5, 1, 0]));
    expect(await none.answer).toBe('\x05\xff');
    await using wrong = await talk({ credentials: only });
    wrong.client.write(Buffer.from([5, 1, 2, ...socksLogin('alice', 'wrong'), 5, 1, 0, 1, 1, 2, 3, 4, 0, 80]));
    expect(await wrong.answer).toBe('\x05\x02\x01\x01');
    await using right = await talk({ credentials: only });
    right.client.write(socksRequest('db', 80, { greeting: [5, 2, 0, 2, ...socksLogin('alice', 'se:cret')] }));
    expect(await right.negotiation).toMatchObject({ user: 'alice' });
  });

  test('a client that offers a login alone, where none is asked for, is refused', async () => {
    await using one = await talk();
    one.client.write(Buffer.from([5, 1, 2]));
    expect(await one.answer).toBe('\x05\xff');
  });
});
