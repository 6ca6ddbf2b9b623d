import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../../test/support/descriptors.ts';
import { FakeRunner } from '../../../../test/support/fake-runner.ts';
import { Netns } from '../../../../test/support/netns.ts';
import { placeOf, targetIn } from '../../../../test/support/probe-world.ts';
import { until } from '../../../../test/support/relay-wait.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../../sys/constants.ts';
import { bindIp, socketIn } from '../../../sys/sockets.ts';
import { untilReady } from './ready.ts';
import type { ProbeTarget, Ready } from './target.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const never = new AbortController().signal;
const probe = (target: ProbeTarget, signal = never): Promise<Ready> =>
  untilReady({ kind: 'tcp', byDefault: true }, target, new FakeRunner(), signal);

describe.skipIf(missing !== undefined)('the probe of a datagram target', () => {
  test('is ready when a socket is bound to the port in that namespace', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    // The same port in another namespace is another port.
    using elsewhere = socketIn(undefined, AF_INET, SOCK_DGRAM);
    bindIp(elsewhere.fd, { host: '0.0.0.0', port: 53 });
    const reasons: string[] = [];
    const target = targetIn(place, { protocol: 'udp', port: 53, onWaiting: (reason) => reasons.push(reason) });
    const ready = probe(target);
    await until('it has looked', () => reasons[0]);
    using server = socketIn(room.namespace, AF_INET, SOCK_DGRAM);
    bindIp(server.fd, { host: '0.0.0.0', port: 53 });
    expect(await ready).toEqual({});
    expect(reasons).toEqual(['no socket is bound to udp 127.0.0.1:53']);
  });

  test('finds a socket of IPv6 and among many', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    const sockets = Array.from({ length: 500 }, () => socketIn(room.namespace, AF_INET, SOCK_DGRAM));
    for (const [index, socket] of sockets.entries()) bindIp(socket.fd, { host: '127.0.0.1', port: 2000 + index });
    using server = socketIn(room.namespace, AF_INET6, SOCK_DGRAM);
    bindIp(server.fd, { host: '::', port: 53 });
    expect(await probe(targetIn(place, { protocol: 'udp', port: 53, host: '::1' }))).toEqual({});
    expect(await probe(targetIn(place, { protocol: 'udp', port: 2499 }))).toEqual({});
    for (const socket of sockets) socket[Symbol.dispose]();
  });

  test('waits for nothing at an address that is not of that namespace', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    expect(await probe(targetIn(place, { protocol: 'udp', host: '192.0.2.1' }))).toEqual({});
  });

  test('ends with its signal and leaves nothing open', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    const before = openDescriptors();
    const stop = new AbortController();
    const ready = probe(targetIn(place, { protocol: 'udp' }), stop.signal);
    await sleep(35);
    stop.abort('enough');
    await expect(ready).rejects.toBe('enough');
    await until('everything is closed', () => openDescriptors() === before);
  });
});
