/** Clients that mean no good, over real sockets. What a head alone can do is in `http-head.test.ts`. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { connectHead, socksRequest, talk } from '../../../test/support/connect-world.ts';

test('A14 what follows a refused CONNECT is never read as another request: one answer, then the end', async () => {
  for (const first of [connectHead('db:0'), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', connectHead('db:80', 'Host: x')]) {
    await using one = await talk();
    one.client.write(first + connectHead('other:80') + connectHead('third:80'));
    const answer = await one.answer;
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 4[0-9]{2} [^]*Connection: close\r\n/);
  }
});

test('A14 what follows a CONNECT that is refused after the dial is not read as another request', async () => {
  await using one = await talk();
  one.client.write(connectHead('db:80') + connectHead('other:80'));
  const refusing = (await one.negotiation).refuse('refused');
  const answer = await one.answer;
  one.client.end();
  await refusing;
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('A16 what follows an accepted CONNECT is the tunnel, even if it looks like a request', async () => {
  await using one = await talk();
  one.client.end(connectHead('db:80') + connectHead('other:80'));
  (await one.negotiation).accept();
  let through = '';
  for await (const chunk of one.served) through += String(chunk);
  expect(through).toBe(connectHead('other:80'));
});

test('A16 no byte of the request appears in an answer', async () => {
  await using one = await talk();
  one.client.write(connectHead('evil\x01:80', 'X: injected'));
  expect(await one.answer).not.toMatch(/evil|injected/);
});

test('an answer arrives although the client goes on sending, and is not reset away', async () => {
  await using one = await talk();
  one.client.write(connectHead('db:0') + 'x'.repeat(300_000));
  expect(await one.answer).toMatch(/^HTTP\/1\.1 400 [^]*valid\n$/);
  one.client.end();
  await expect(one.negotiation).rejects.toMatchObject({ why: 'malformed' });
});

test('a client that floods instead of reading its answer is cut off', async () => {
  await using one = await talk();
  one.client.on('error', () => undefined);
  one.client.write('x'.repeat(16 << 20));
  await expect(one.negotiation).rejects.toMatchObject({ why: 'large' });
  expect(one.served.bytesRead).toBeLessThan(4 << 20);
});

test.each([
  ['a request line', () => `CONNECT ${'a'.repeat(10_000)}`],
  ['a header line', () => connectHead('db:80', `X: ${'a'.repeat(10_000)}`)],
  ['many header lines', () => connectHead('db:80', ...Array.from({ length: 2000 }, () => 'X: a'))],
  ['a line of blanks', () => connectHead('db:80', `X:${' '.repeat(8200)}x`)],
])('A18 %s beyond the limit is 431', async (_, head) => {
  await using one = await talk();
  one.client.write(head());
  expect(await one.answer).toMatch(/^HTTP\/1\.1 431 /);
});

test('A18 a SOCKS name with anything but a name in it is refused', async () => {
  for (const name of [
    'db\0.example',
    'db\r\nHost: x',
    'a b',
    'root@db',
    '127.1',
    '0x7f000001',
    '[::1]',
    'fe80::1%eth0',
  ]) {
    await using one = await talk();
    one.client.write(socksRequest(name, 80));
    expect((await one.answer).charCodeAt(3)).toBe(1);
  }
});

test('A23 a head that trickles has one deadline, however often a byte comes: 408', async () => {
  await using one = await talk({ deadlineMs: 300 });
  const trickle = setInterval(() => one.client.write('C'), 20);
  const answer = await one.answer.finally(() => clearInterval(trickle));
  one.client.end();
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*Connection: close\r\n/);
  await expect(one.negotiation).rejects.toMatchObject({ why: 'slow' });
});

test('A23 a SOCKS client has one deadline for all of its messages, and who says nothing at all gets no answer', async () => {
  await using one = await talk({ deadlineMs: 300 });
  one.client.write(Buffer.from([5, 1, 0]));
  expect(await one.answer).toBe('\x05\x00\x05\x01\x00\x01\0\0\0\0\0\0');
  await using two = await talk({ deadlineMs: 50 });
  expect(await two.answer).toBe('');
});

test('A23 credentials that take too long to check count against the same deadline', async () => {
  await using one = await talk({ deadlineMs: 100, credentials: () => new Promise(() => undefined) });
  one.client.write(connectHead('db:80', 'Proxy-Authorization: Basic YTpi'));
  expect(await one.answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('R8 a client that sends on while it is being served is not read', async () => {
  await using one = await talk();
  one.client.write(connectHead('db:80'));
  await one.negotiation;
  const sent = 64 << 20;
  one.client.write(Buffer.alloc(sent));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(one.served.bytesRead).toBeLessThan(sent / 4);
  one.client.destroy();
  one.served.destroy();
  await once(one.served, 'close');
});
