/**
 * Entry of a relay worker thread: carries out the control plane's messages between two waits for events.
 *
 * The thread blocks in epoll_wait and never returns to its own event loop, so nothing here may be asynchronous. It is
 * woken through an eventfd and takes its messages with `receiveMessageOnPort`. It leaves only when the stop flag is
 * set: a thread that is blocked in a native call cannot be terminated from outside.
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EPOLLIN } from '../../sys/constants.ts';
import { close, read } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { Counters } from '../counters.ts';
import { ServedDatagrams } from '../datagram/served-datagrams.ts';
import type { RelayWorkerData, ToRelay } from '../messages.ts';
import { Passing } from '../passing.ts';
import { ServedRoute } from '../stream/served-route.ts';
import { Neighbours } from './neighbours.ts';
import type { WorkerRoute } from './worker-route.ts';
import { RelayWorker } from './worker-state.ts';

const { port, wakeFd, stop, neighbours: shared, passing } = workerData as RelayWorkerData;
const stopFlag = new Int32Array(stop);
const counter = new NativeMemory(8);
const routes = new Map<number, WorkerRoute>();
const neighbours = new Neighbours(shared);
const worker = new RelayWorker((message) => port.postMessage(message), neighbours, new Passing(passing));

function carryOut(message: ToRelay): void {
  if (message.type === 'open') {
    const { route, options, counters, common } = message;
    const block = new Counters(counters);
    routes.set(
      route,
      options.kind === 'stream'
        ? new ServedRoute(worker, route, options, block, common)
        : new ServedDatagrams(worker, route, options, block),
    );
    return;
  }
  const route = routes.get(message.route);
  if (route === undefined) {
    // An abort can cross the end of a drain, an answer the end of the route that asked.
    giveUp(message);
    if (message.type !== 'ask-failed') port.postMessage({ type: 'ack', seq: message.seq });
    return;
  }
  switch (message.type) {
    case 'listen':
      route.listen(message.fd);
      break;
    case 'unlisten':
      route.unlisten();
      break;
    case 'targets':
      route.retarget(message);
      break;
    case 'ask-failed':
      route.askFailed(message.answer, message.reason);
      return;
    case 'close':
      // Nobody accepts for it any more: what others gave of it before is in the rings by now.
      neighbours.take();
      route.close(message.abort, () => {
        routes.delete(message.route);
        port.postMessage({ type: 'ack', seq: message.seq });
      });
      return;
    default:
      message satisfies never;
      return;
  }
  port.postMessage({ type: 'ack', seq: message.seq });
}

/** Closes what came for a route that is gone: it was ours from the moment it was sent. */
function giveUp(message: ToRelay): void {
  if (message.type === 'listen') close(message.fd);
  if (message.type !== 'targets') return;
  if (message.connected !== undefined) close(message.connected.fd);
  for (const { namespaceFd, address } of message.targets) {
    if (namespaceFd >= 0) close(namespaceFd);
    if (address.kind === 'unix' && address.rootFd >= 0) close(address.rootFd);
  }
}

function attempt(message: ToRelay): void {
  try {
    carryOut(message);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if ('seq' in message) port.postMessage({ type: 'ack', seq: message.seq, error: text });
    else worker.fault(text);
  }
}

/** The message that opened the route may be the next one: it was sent before anybody could accept for it. */
function routeOf(number: number): WorkerRoute | undefined {
  for (;;) {
    const route = routes.get(number);
    if (route !== undefined) return route;
    const next = receiveMessageOnPort(port);
    if (next === undefined) return undefined;
    attempt(next.message as ToRelay);
  }
}

neighbours.onGiven = (number, fd) => {
  const route = routeOf(number);
  if (route instanceof ServedRoute) route.given(fd);
  else {
    neighbours.count(-1);
    close(fd);
  }
};
worker.loop.add(wakeFd, EPOLLIN, {
  onEvents() {
    read(wakeFd, counter.address, 8);
    if (Atomics.load(stopFlag, 0) !== 0) {
      worker.loop.stop();
      return;
    }
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      attempt(next.message as ToRelay);
    }
  },
});
port.postMessage({ type: 'ready' });
worker.loop.run();
neighbours.close();
close(wakeFd);
port.close();
