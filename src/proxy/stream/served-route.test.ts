/** A route of streams in this very thread, with real sockets; its loop runs until something has happened. */
import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AF_INET, AF_UNIX, EPOLLIN, O_CLOEXEC, O_DIRECTORY, O_NONBLOCK, SOCK_STREAM } from '../../sys/constants.ts';
import { Errno, SyscallError } from '../../sys/errno.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { accept4, eventfd, listen } from '../../sys/libc.ts';
import { encodeUnix, type IpEndpoint } from '../../sys/sockaddr.ts';
import { bindBytes, bindIp, connectIp, localEndpoint, socketIn, socketPair } from '../../sys/sockets.ts';
import { Counters, Slot } from '../counters.ts';
import type { WireTarget } from '../messages.ts';
import { Passing, passingBytes } from '../passing.ts';
import { Neighbours, neighbourBytes } from '../thread/neighbours.ts';
import { Timer } from '../thread/timers.ts';
import { RelayWorker } from '../thread/worker-state.ts';
import { Dial } from './dial.ts';
import { ServedRoute } from './served-route.ts';

const open: OwnedFd[] = [];
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'route-'));
});
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

const own = (fd: OwnedFd): OwnedFd => {
  open.push(fd);
  return fd;
};

/** A directory with a service at `/s`. */
function room(name: string): { readonly open: () => number; readonly reached: () => boolean } {
  const path = join(directory, name);
  mkdirSync(path);
  const { fd } = own(socketIn(undefined, AF_UNIX, SOCK_STREAM));
  bindBytes(fd, encodeUnix(join(path, 's')));
  listen(fd, 8);
  const reached = (): boolean => {
    const client = accept4(fd, 0, 0, 0);
    if (client >= 0) closeSync(client);
    return client >= 0;
  };
  return { open: () => openSync(path, O_DIRECTORY), reached };
}

/** A port whose queue is full: who dials it hears nothing. */
function silent(): IpEndpoint {
  const listening = own(socketIn(undefined, AF_INET, SOCK_STREAM));
  bindIp(listening.fd, { host: '127.0.0.1', port: 0 });
  listen(listening.fd, 0);
  const to = localEndpoint(listening.fd) as IpEndpoint;
  for (let i = 0; i < 3; i += 1) {
    try {
      connectIp(own(socketIn(undefined, AF_INET, SOCK_STREAM)).fd, to);
    } catch (error) {
      if (!(error instanceof SyscallError) || error.errno !== Errno.EINPROGRESS) throw error;
    }
  }
  return to;
}

class Look extends Timer {
  readonly #worker: RelayWorker;
  readonly #done: () => boolean;

  constructor(worker: RelayWorker, done: () => boolean) {
    super();
    this.#worker = worker;
    this.#done = done;
  }

  override onTimer(): void {
    const { loop } = this.#worker;
    if (this.#done()) loop.stop();
    else loop.timers.arm(this, loop.now + 20);
  }
}

/** In this thread, with nothing to dial yet. */
function routed() {
  const wake = own(new OwnedFd(eventfd(0, O_CLOEXEC | O_NONBLOCK)));
  const shared = new SharedArrayBuffer(neighbourBytes(1));
  const worker = new RelayWorker(
    () => undefined,
    new Neighbours({ index: 0, shared, wakeFds: [wake.fd] }),
    new Passing(new SharedArrayBuffer(passingBytes)),
  );
  const times = { connectTimeoutMs: 1_000, connIdleMs: 0, halfOpenLingerMs: 0, flowIdleMs: 0 };
  const flags = { asks: false, records: false, traces: false };
  const common = { open: new SharedArrayBuffer(4), rotation: new SharedArrayBuffer(4) };
  const options = { kind: 'stream', balance: 'first', maxConns: 1, ...times, ...flags } as const;
  const counters = new Counters();
  const route = new ServedRoute(worker, 1, options, counters, common);
  const retarget = (...targets: readonly WireTarget[]): void =>
    route.retarget({ type: 'targets', seq: 1, route: 1, targets, validForMs: Number.POSITIVE_INFINITY, answer: 0 });
  return { worker, route, counters, retarget };
}

const service = (rootFd: number): WireTarget => ({
  member: 1,
  label: 's',
  address: { kind: 'unix', path: '/s', rootFd },
  namespaceFd: -1,
});

test('a client that the kernel does not watch is closed, and its place is free again', () => {
  const { worker, route, counters } = routed();
  const [client, far] = socketPair();
  own(far);
  const fd = client.release();
  worker.loop.add(fd, EPOLLIN, { onEvents: () => undefined });
  expect(route.admit()).toBe(true);
  expect(() => route.accepted(fd, undefined)).toThrow('EEXIST');
  expect(() => fstatSync(fd)).toThrow('EBADF');
  expect(counters.slots[Slot.open]).toBe(0);
  expect(route.admit()).toBe(true);
});

test('a target that the kernel does not watch is dialed again, and nothing of it stays open', () => {
  const { worker, route, retarget } = routed();
  const now = room('now');
  retarget(service(now.open()));
  const add = worker.loop.add.bind(worker.loop);
  const refused: number[] = [];
  worker.loop.add = (fd, events, who) => {
    if (!(who instanceof Dial) || refused.length > 0) return add(fd, events, who);
    refused.push(fd);
    throw new SyscallError('epoll_ctl', Errno.ENOMEM);
  };
  const [client, far] = socketPair();
  own(far);
  route.admit();
  route.accepted(client.release(), undefined);
  expect(() => fstatSync(refused[0] as number)).toThrow('EBADF');
  worker.loop.timers.arm(new Look(worker, now.reached), 0);
  worker.loop.run();
});

test('a target that was replaced while another was dialed is dialed no more: its descriptors are somebody else’s by then', () => {
  const { worker, route, retarget } = routed();
  const slow: WireTarget = { member: 0, label: 'slow', address: { kind: 'ip', ...silent() }, namespaceFd: -1 };
  const [before, now, other] = [room('before'), room('now'), room('other')];
  const number = before.open();
  retarget(slow, service(number));
  const [client, far] = socketPair();
  own(far);
  route.accepted(client.release(), undefined);
  retarget(slow, service(now.open()));
  while (own(new OwnedFd(other.open())).fd !== number);
  const reached: string[] = [];
  const look = new Look(worker, () => {
    for (const [name, where] of Object.entries({ before, now, other })) if (where.reached()) reached.push(name);
    return reached.length > 0;
  });
  worker.loop.timers.arm(look, 0);
  worker.loop.run();
  expect(reached).toEqual(['now']);
});
