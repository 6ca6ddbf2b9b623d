import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { type NativeSocket, NativeSockets } from './native-sockets.ts';
import type { Source } from './remote.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const maker = new NativeSockets();

function listen(host: string, received: (source: Source) => void): NativeSocket {
  const socket = maker.open({ host, port: 0 }, { received: (_packet, source) => received(source), flushDue: () => {} });
  open.push(socket);
  return socket;
}

test('what is thrown at one packet changes nothing of what is read next, by whichever socket', async () => {
  let faults = 0;
  const faulty = listen('127.0.0.1', () => {
    faults += 1;
    throw new Error('one of ours');
  });
  const from: string[] = [];
  const other = listen('::1', (source) => from.push(source.remote().address));
  const [four, six] = [createSocket('udp4'), createSocket('udp6')];
  open.push(four, six);
  four.send('a', faulty.address.port, '127.0.0.1');
  await expect.poll(() => faults).toBe(1);
  await new Promise<void>((bound) => six.bind(0, '::1', bound));
  six.send('b', other.address.port, '::1');
  await expect.poll(() => from).toEqual([`[::1]:${six.address().port}`]);
});

test('packets of 16 KiB leave before the turn is over, the others at its end', async () => {
  let came = 0;
  const far = listen('127.0.0.1', () => void (came += 1));
  const near = listen('127.0.0.1', () => {});
  const remote = near.remote({ host: '127.0.0.1', port: far.address.port });
  const owner = { tooLarge: () => expect.unreachable(), dropped: () => expect.unreachable() };
  const packet = Buffer.alloc(1_300);
  for (let i = 0; i < 14; i += 1) remote.send(packet, owner);
  await expect.poll(() => came).toBe(13);
  maker.flush();
  await expect.poll(() => came).toBe(14);
});
