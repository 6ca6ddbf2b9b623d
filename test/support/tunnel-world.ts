/**
 * Two ends that ask each other for tunnels: everything but the kernel and the link is real, and each message crosses as JSON that
 * its schema has passed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { LinkFacts } from '../../src/carrier/link/facts.ts';
import type { Caller } from '../../src/daemon/api/operations.ts';
import type { KnownPeer } from '../../src/daemon/peers/known-peer.ts';
import type { Peer } from '../../src/daemon/peers/peer.ts';
import { peerName } from '../../src/daemon/peers/peers.ts';
import type { Where } from '../../src/daemon/places/where.ts';
import { loadSchemas } from '../../src/daemon/schema/schema.ts';
import { validate } from '../../src/daemon/schema/validate.ts';
import type { HalfCalls } from '../../src/daemon/tunnels/half-calls.ts';
import { Tunneling, type TunnelingOptions } from '../../src/daemon/tunnels/tunneling.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import type { Tunnel as Shape, TunnelRequest } from '../../src/spec/api.ts';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { FakeSurroundings } from './fake-surroundings.ts';
import { FakeTunnelKernel } from './fake-tunnel-kernel.ts';

const { api } = loadSchemas();

type Call = keyof HalfCalls;

export interface TunnelEndOptions {
  readonly name: string;
  readonly host: string;
  readonly address: string;
  /** Where it wants to be reached. */
  readonly external?: string;
  readonly range?: TunnelingOptions['settings']['tunnels']['cidr'];
  readonly ports?: TunnelingOptions['settings']['tunnels']['ports'];
  readonly rekey?: TunnelingOptions['rekey'];
}

export class TunnelEnd {
  readonly name: string;
  readonly kernel = new FakeTunnelKernel();
  readonly machine = new FakeSurroundings();
  readonly stateDir = mkdtempSync(join(tmpdir(), 'tunnel-end-'));
  readonly lines: string[] = [];
  /** What it has been asked by the other end, in order. */
  readonly asked: Call[] = [];
  /** Told before a call of the other end is carried out; what it throws is the answer. */
  onCall: (call: Call) => void | Promise<void> = () => undefined;
  /** Where the other end's link leads to. */
  seenAt: string;
  policy: TunnelingOptions['policies']['tunnel'] = () => Promise.resolve();
  /** Whether this end knows by itself where the other one is, and as whom. */
  knows = { where: true, identity: 'common' };
  /** Names of those that were looked for to be dialed. */
  readonly wanted: string[] = [];
  judge: TunnelingOptions['policies']['tunnelEnd'] = () => undefined;
  reach: TunnelingOptions['policies']['tunnelTo'] = () => undefined;
  tunneling!: Tunneling;
  readonly #options: TunnelEndOptions;
  readonly #world: TunnelWorld;
  /** Daemons that it has had. */
  #lives = 0;

  constructor(world: TunnelWorld, options: TunnelEndOptions) {
    this.#world = world;
    this.#options = options;
    this.name = options.name;
    this.seenAt = options.address.includes(':') ? `[${options.address}]` : options.address;
    this.start();
  }

  get other(): TunnelEnd {
    return this.#world.a === this ? this.#world.b : this.#world.a;
  }

  get host(): string {
    return this.#options.host;
  }

  /** A daemon begins its life; the one before may have been killed. */
  start(): void {
    this.#lives += 1;
    const { host, address, external, range, ports, rekey } = this.#options;
    const links = (): LinkFacts[] => (this.#world.linked ? [this.link] : []);
    const linked = (): Peer[] => (this.#world.linked ? [this.#peer() as Peer] : []);
    const log = pino({ level: 'debug' }, { write: (line: string) => void this.lines.push(line) });
    this.tunneling = new Tunneling({
      settings: {
        stateDir: this.stateDir,
        tunnels: {
          cidr: range ?? { network: '100.64.0.0', bits: 14 },
          ports: ports ?? { low: 4500, high: 4599 },
          internalIp: address,
          ...(external !== undefined && { externalIp: external }),
        },
      },
      kernel: () => Promise.resolve(this.kernel),
      host,
      peers: {
        at: (address) => {
          this.wanted.push(peerName(address));
          return this.#peer() as Peer;
        },
        get list() {
          return linked();
        },
        get links() {
          return links();
        },
      },
      callsTo: () => this.#calls(),
      policies: {
        tunnel: (...asked) => this.policy(...asked),
        tunnelEnd: (...asked) => this.judge(...asked),
        tunnelTo: (...asked) => this.reach(...asked),
      },
      follow: (...what) => this.machine.follow(...what),
      log,
      rekey: { lookMs: 5, graceMs: 1, ...rekey },
    });
  }

  /** The link to the other end as this one has it. */
  get link(): LinkFacts {
    const { host, name } = this.other.#options;
    return {
      number: 1,
      host,
      identity: 'common',
      name,
      address: `${this.other.seenAt}:9999`,
      instance: `${this.other.#lives}`,
    } as LinkFacts;
  }

  async create(request: Partial<TunnelRequest> = {}): Promise<Shape> {
    const peer = { kind: 'name', name: this.other.name } as const;
    const tunnel = await this.tunneling.ensure({ ...request, peer }, new AbortController().signal);
    return await tunnel.describe();
  }

  async list(): Promise<readonly Shape[]> {
    return await Promise.all(this.tunneling.tunnels.list.map((tunnel) => tunnel.describe()));
  }

  /** `LOCAL REMOTE STATE` of each. */
  async summary(): Promise<readonly string[]> {
    return (await this.list()).map(({ local, remote, state }) => `${local} ${remote} ${state}`);
  }

  get caller(): Caller {
    const { host, address, name } = this.#options;
    const link = { number: 1, host, name };
    return {
      origin: { kind: 'peer', identity: 'common', address: `${address}:4711`, link },
      signal: new AbortController().signal,
    };
  }

  async dispose(): Promise<void> {
    await this.tunneling[Symbol.asyncDispose]();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  #peer(): Partial<Peer> {
    const { name } = this.other;
    const addresses = this.knows.where ? [{ host: name, port: 9999 }] : [];
    return {
      name,
      known: { identity: this.knows.identity, addresses } as unknown as KnownPeer,
      ...(this.#world.linked && { link: this.link }),
      want: () => ({ [Symbol.dispose]: () => undefined }),
      up: () => (this.#world.linked ? Promise.resolve(this.link) : Promise.reject(unlinked())),
    };
  }

  /** To the other end's answers. */
  #calls(): HalfCalls {
    const { caller } = this;
    const ask = async <T>(call: Call, work: (end: TunnelEnd) => Promise<T>): Promise<T> => {
      const { other } = this;
      if (!this.#world.linked) throw unlinked();
      other.asked.push(call);
      await other.onCall(call);
      return JSON.parse(JSON.stringify(await work(other))) as T;
    };
    return {
      offer: (offer) => ask('offer', ({ tunneling }) => tunneling.answers.offer(crossed('TunnelOffer', offer), caller)),
      commit: (id) => ask('commit', ({ tunneling }) => tunneling.answers.commit(id, caller)),
      get: (id) => ask('get', ({ tunneling }) => tunneling.answers.get(id, caller)),
      remove: (id) => ask('remove', ({ tunneling }) => tunneling.answers.remove(id, caller)),
      rekey: (id, rekey) =>
        ask('rekey', ({ tunneling }) => tunneling.answers.rekey(id, crossed('TunnelRekey', rekey), caller)),
    };
  }
}

export class TunnelWorld implements AsyncDisposable {
  linked = true;
  readonly a: TunnelEnd;
  readonly b: TunnelEnd;

  constructor(a: Partial<TunnelEndOptions> = {}, b: Partial<TunnelEndOptions> = {}) {
    this.a = new TunnelEnd(this, { name: 'a', host: '000000000000000a', address: '127.0.0.1', ...a });
    this.b = new TunnelEnd(this, { name: 'b', host: '000000000000000b', address: '127.0.0.2', ...b });
  }

  /** They are linked again. */
  link(): void {
    this.linked = true;
    for (const end of [this.a, this.b]) end.tunneling.linked(end.link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.a.dispose();
    await this.b.dispose();
  }
}

function unlinked(): WormholeError {
  return new WormholeError('WH_ERR_PEER_UNREACHABLE', 'nobody there');
}

function crossed<T>(name: string, value: T): T {
  const parsed = JSON.parse(JSON.stringify(value)) as T;
  const violation = validate(api[name] ?? {}, parsed);
  if (violation !== undefined) throw new Error(`${name}: ${violation.path} ${violation.problem}`);
  return parsed;
}

/** Where a container is, for a kernel that only remembers it. */
export function somewhere(id: string): Where {
  const namespace = { id, duplicate: () => namespace, [Symbol.dispose]: () => undefined } as unknown as NetNamespace;
  return { state: 'here', place: { namespace, hostNetwork: false } } as unknown as Where;
}
