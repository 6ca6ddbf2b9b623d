import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../../test/support/descriptors.ts';
import { FakeRunner } from '../../../../test/support/fake-runner.ts';
import { Netns } from '../../../../test/support/netns.ts';
import { placeOf, targetIn } from '../../../../test/support/probe-world.ts';
import { until } from '../../../../test/support/relay-wait.ts';
import { listenIn, type RoomServer } from '../../../../test/support/room-server.ts';
import type { Place } from '../../places/place.ts';
import { untilReady } from './ready.ts';
import type { Ready } from './target.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

interface Probing {
  readonly ready: Promise<Ready>;
  readonly reasons: string[];
  readonly stop: AbortController;
}

function probe(place: Place, path = '/'): Probing {
  const reasons: string[] = [];
  const stop = new AbortController();
  const target = targetIn(place, { onWaiting: (reason) => reasons.push(reason) });
  const ready = untilReady({ kind: 'http', port: 8080, path }, target, new FakeRunner(), stop.signal);
  ready.catch(() => undefined);
  return { ready, reasons, stop };
}

describe.skipIf(missing !== undefined)('the probe http', () => {
  test('asks for the path until the answer is 2xx or 3xx', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    const { ready, reasons } = probe(place, '/health?x=1');
    await until('the port was found closed', () => reasons[0]);
    const requests: string[] = [];
    const answers = ['HTTP/1.1 503 Busy\r\n\r\n', 'HTTP/1.1 404 Nothing\r\n\r\n', 'HTTP/1.1 301 Moved\r\n\r\n'];
    await using server = await listenIn(room.namespace, 8080, (socket) => {
      socket.once('data', (data) => {
        requests.push(String(data));
        socket.end(answers.shift() ?? '');
      });
    });
    expect(await ready).toEqual({});
    const request =
      'GET /health?x=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: wormhole\r\nAccept: */*\r\nConnection: close\r\n\r\n';
    expect(requests).toEqual([request, request, request]);
    expect(reasons).toEqual([
      '127.0.0.1:8080: ECONNREFUSED',
      'http://127.0.0.1:8080/health?x=1: status 503',
      'http://127.0.0.1:8080/health?x=1: status 404',
    ]);
    await until('its connections are closed', () => server.clients.every(({ destroyed }) => destroyed));
  });

  const hostile: Array<readonly [string, (socket: Socket) => void]> = [
    ['a head without end', (socket) => void sendForEver(socket, `X: ${'y'.repeat(1000)}\r\n`)],
    ['one byte now and then', (socket) => void sendForEver(socket, 'x')],
    ['bytes that are no HTTP', (socket) => void socket.write(Buffer.alloc(4096, 0xff))],
    ['nothing, and a reset', (socket) => void socket.resetAndDestroy()],
    ['nothing, and the end', (socket) => void socket.end()],
  ];

  test.each(hostile)('A31: a server that answers %s is not ready, and costs an attempt', async (_what, answer) => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    const before = openDescriptors();
    const { ready, reasons, stop } = probe(place);
    const server: RoomServer = await listenIn(room.namespace, 8080, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n', () => answer(socket));
    });
    const held = 2;
    await until('an attempt has come to nothing', () => reasons.includes('http://127.0.0.1:8080/: no HTTP response'));
    // The listener, one connection from both its ends, and another whose end is still to be noticed.
    expect(openDescriptors() - before).toBeLessThanOrEqual(1 + 2 * held);
    stop.abort('enough');
    await expect(ready).rejects.toBe('enough');
    await server[Symbol.asyncDispose]();
    await until('everything is closed', () => openDescriptors() === before);
  });

  test('a silent server ends with the signal, not with the attempt', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    await using server = await listenIn(room.namespace, 8080);
    const { ready, stop } = probe(place);
    await until('it has connected', () => server.clients[0]);
    stop.abort('enough');
    await expect(ready).rejects.toBe('enough');
  });
});

async function sendForEver(socket: Socket, text: string): Promise<void> {
  while (!socket.destroyed) {
    socket.write(text);
    await sleep(1);
  }
}
