/**
 * A machine made of plain values: a test says where containers are, which ports are taken, and what names mean.
 */
import { openSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import type { ProbeTarget, Ready } from '../../src/daemon/activator/ready/target.ts';
import { Turns } from '../../src/daemon/activator/turns.ts';
import { Uses } from '../../src/daemon/activator/uses.ts';
import type { Resolution } from '../../src/daemon/names/resolution.ts';
import { makePlace, type Place } from '../../src/daemon/places/place.ts';
import type { Identity } from '../../src/daemon/places/sight.ts';
import type { OnMove, Where } from '../../src/daemon/places/where.ts';
import type { Abroad, Follower, HeadAddress, HeadSocket, Surroundings } from '../../src/daemon/surroundings.ts';
import { Courses } from '../../src/daemon/wormhole/courses.ts';
import { namespaceLabel } from '../../src/daemon/wormhole/labels.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import type { NamespaceRef, ReadyProbe } from '../../src/spec/plan.ts';
import { SyscallError } from '../../src/sys/errno.ts';
import { OwnedFd } from '../../src/sys/fd.ts';
import type { FakeEngine } from './fake-engine.ts';
import { FakePlane } from './fake-plane.ts';
import { FakeRunner } from './fake-runner.ts';

const EADDRINUSE = 98;
const EADDRNOTAVAIL = 99;

export class FakeSurroundings implements Surroundings {
  readonly plane = new FakePlane();
  /** There are no other hosts, unless a test says otherwise. */
  abroad: Abroad = {
    plane: this.plane,
    host: '00000000000000bb',
    arrive: () => ({ [Symbol.dispose]: () => undefined }),
    peer: noPeers,
    rttMs: () => Promise.resolve(null),
    follow: () => ({ [Symbol.dispose]: () => undefined }),
    tunnel: () => Promise.reject(noTunnels()),
    callsTo: noPeers,
  };
  /** Containers that a test or an activator makes; references to others are where {@link move} says. */
  readonly runner: FakeRunner = new FakeRunner();
  readonly engine: FakeEngine = this.runner.engine;
  readonly uses = new Uses();
  readonly turns = new Turns();
  readonly courses = new Courses();
  /** Peers may do anything, unless a test says otherwise. */
  policies: Surroundings['policies'] = {
    judge: () => Promise.resolve(),
    permit: () => ({ dial: () => undefined, listen: () => undefined, wake: () => undefined, peer: () => undefined }),
    clients: () => undefined,
  };
  /** How each probe ends: at once, unless a test says otherwise. */
  probe: (probe: ReadyProbe, target: ProbeTarget, signal: AbortSignal) => Promise<Ready> = () => Promise.resolve({});
  readonly log: Logger = pino({ level: 'silent' });
  readonly maxConns = { stream: 1000, datagram: 100 };
  /** Names as every place resolves them; absent ones do not resolve. */
  readonly names = new Map<string, Resolution>();
  /** `namespace protocol host:port` of what is bound now, by us or, put in by a test, by others. */
  readonly bound = new Set<string>();
  /** `namespace host` of addresses that no interface has. */
  readonly missingAddresses = new Set<string>();
  /** Where references other than the host lead; absent ones are an unknown container. */
  readonly #where = new Map<string, Where>();
  readonly #followers = new Set<{ label: string; tell: OnMove; where: Where }>();
  #ephemeral = 40_000;

  constructor() {
    this.engine.watch(() => void this.#look());
  }

  hostId(): string {
    return '00000000000000aa';
  }

  untilReady(probe: ReadyProbe, target: ProbeTarget, signal: AbortSignal): Promise<Ready> {
    return this.probe(probe, target, signal);
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Says where a reference leads, e.g. `container:db`, and tells who follows it. */
  async move(label: string, where: Where): Promise<void> {
    this.#where.set(label, where);
    for (const follower of this.#followers) {
      if (follower.label !== label) continue;
      follower.where = where;
      await follower.tell(where);
    }
  }

  async follow(ref: NamespaceRef, onMove: OnMove, identity?: Identity): Promise<Follower> {
    const label = namespaceLabel(ref);
    const where = ref.kind === 'host' ? here('host', 'net:[1]') : this.#find(label);
    const follower = { label, tell: onMove, where };
    await onMove(where);
    this.#followers.add(follower);
    const followers = this.#followers;
    return {
      get where() {
        return follower.where;
      },
      get identity() {
        const found = follower.where.state === 'here' && ref.kind === 'container';
        return identity ?? (found ? ({ by: 'name', name: ref.container } as const) : undefined);
      },
      wake: () => void this.#look(),
      [Symbol.asyncDispose]: () => Promise.resolve(void followers.delete(follower)),
    };
  }

  /** Tells followers of containers that have moved. */
  async #look(): Promise<void> {
    for (const follower of this.#followers) {
      if (!follower.label.startsWith('container:')) continue;
      const where = this.#find(follower.label);
      if (sameWhere(where, follower.where)) continue;
      follower.where = where;
      await follower.tell(where);
    }
  }

  #find(label: string): Where {
    const said = this.#where.get(label);
    if (said !== undefined) return said;
    const reference = label.replace(/^container:/, '');
    const container = this.engine.containers.find(({ id, name }) => id === reference || name === reference);
    if (container === undefined) return unknown(label);
    if (!container.running) return stopped(container.name);
    const place = makePlace({ label: container.name, namespaceId: `net:[${container.id.slice(0, 8)}]`, container });
    return { state: 'here', place };
  }

  resolve(host: string, _place: Place, signal: AbortSignal): Promise<Resolution> {
    const found = this.names.get(host);
    if (signal.aborted) return Promise.reject(new WormholeError('WH_ERR_ABORTED', 'gave up'));
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(new WormholeError('WH_ERR_NAME_NOT_RESOLVED', `${host} does not resolve`));
  }

  listen(address: HeadAddress, place: Place): HeadSocket {
    if (address.protocol === 'unix') return this.#hold(`${place.namespaceId} ${address.path}`, 0);
    const { protocol, host } = address;
    const port = address.port === 0 ? ++this.#ephemeral : address.port;
    if (this.missingAddresses.has(`${place.namespaceId} ${host}`)) throw refused(EADDRNOTAVAIL);
    return this.#hold(`${place.namespaceId} ${protocol} ${host}:${port}`, port);
  }

  #hold(name: string, port: number): HeadSocket {
    if (this.bound.has(name)) throw refused(EADDRINUSE);
    this.bound.add(name);
    const socket = new OwnedFd(openSync('/dev/null', 'r'));
    return {
      socket,
      port,
      [Symbol.dispose]: () => {
        this.bound.delete(name);
        socket[Symbol.dispose]();
      },
    };
  }
}

function noPeers(): never {
  throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'there are no other hosts');
}

function sameWhere(one: Where, other: Where): boolean {
  if (one.state !== 'here' || other.state !== 'here') return one.state === other.state;
  const [a, b] = [one.place.container, other.place.container];
  return a?.id === b?.id && a?.startedAt === b?.startedAt;
}

export function here(label: string, namespaceId: string): Where {
  return { state: 'here', place: makePlace({ label, namespaceId }) };
}

export function stopped(name: string): Where {
  const error = new WormholeError('WH_ERR_CONTAINER_STOPPED', `container ${name} is not running`);
  return { state: 'absent', reason: error.message, error };
}

export function gone(name: string): Where {
  const error = new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `container ${name} was removed`);
  return { state: 'gone', reason: error.message, error };
}

function unknown(label: string): Where {
  const error = new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `no ${label}`);
  return { state: 'absent', reason: error.message, error };
}

function refused(errno: number): WormholeError {
  const cause = new SyscallError('bind', errno);
  return new WormholeError('WH_ERR_LISTEN', `cannot listen: ${cause.code}`, { cause, detail: { errno: cause.code } });
}

function noTunnels(): WormholeError {
  return new WormholeError('WH_ERR_KERNEL', 'there are no tunnels here');
}
