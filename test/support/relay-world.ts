/**
 * One route under test with everything around it; disposing of the world closes all of it, newest first.
 *
 *     Peer ──► head ══ route ══► target server
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scope } from '../../src/lib/scope.ts';
import { openIpListener } from '../../src/proxy/head/listener.ts';
import { openUnixListener } from '../../src/proxy/head/unix-listener.ts';
import type { ListenAddress } from '../../src/proxy/portable/listen-address.ts';
import type {
  ConnectionRecord,
  DataPlane,
  Route,
  RouteOptions,
  RouteStats,
  UpstreamTarget,
} from '../../src/proxy/route.ts';
import { connectTo, type Peer } from './relay-peer.ts';
import { member, type TargetServer } from './relay-targets.ts';
import { until } from './relay-wait.ts';
import { plainRoute } from './route-options.ts';

type IpHead = { readonly host: string; readonly port: number };

/** See the module header. */
export class RelayWorld implements AsyncDisposable {
  readonly route: Route;
  readonly records: ConnectionRecord[];
  head: ListenAddress = { host: '127.0.0.1', port: 0 };
  readonly #protocol: 'tcp' | 'udp';
  readonly #scope: Scope;

  private constructor(route: Route, kind: RouteOptions['kind'], records: ConnectionRecord[], scope: Scope) {
    this.route = route;
    this.#protocol = kind === 'stream' ? 'tcp' : 'udp';
    this.records = records;
    this.#scope = scope;
  }

  /** A route of `plane` (borrowed) that listens already. */
  static async open(
    plane: DataPlane,
    targets: readonly (UpstreamTarget | TargetServer)[] = [],
    options: Partial<RouteOptions> & { readonly head?: 'unix' | IpHead } = {},
  ): Promise<RelayWorld> {
    const scope = new Scope('relay world');
    const records: ConnectionRecord[] = [];
    const { head, ...rest } = options;
    const full: RouteOptions = { ...plainRoute, ...rest, onClosed: (record) => records.push(record) };
    const route = scope.use(await plane.open(full));
    const world = new RelayWorld(route, full.kind, records, scope);
    if (rest.ask === undefined) await world.retarget(targets);
    if (head === 'unix') await world.listenUnix();
    else await world.listen(head);
    return world;
  }

  /** Opens a new head for the route, on an ephemeral port of 127.0.0.1 unless told otherwise. */
  async listen(head: IpHead = { host: '127.0.0.1', port: 0 }): Promise<void> {
    const { socket, port } = openIpListener({ protocol: this.#protocol, ...head });
    this.head = { host: head.host, port };
    await this.route.listen(socket);
  }

  async listenUnix(): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), 'wh-'));
    this.#scope.defer(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'head.sock');
    const listener = this.#scope.use(openUnixListener({ path }));
    this.head = { path };
    await this.route.listen(listener.socket);
  }

  retarget(targets: readonly (UpstreamTarget | TargetServer)[]): Promise<void> {
    const list = targets.map((target, i) => ('label' in target ? target : member(target.address, i)));
    return this.route.retarget({ targets: list, validForMs: Number.POSITIVE_INFINITY });
  }

  /** A client of the head, closed with the world. */
  async connect(): Promise<Peer> {
    return this.#scope.use(await connectTo(this.head));
  }

  /** The n-th connection to end. */
  record(n = 0): Promise<ConnectionRecord> {
    return until(`connection ${n} was recorded`, () => this.records[n]);
  }

  /** Waits for counters; they are published with a delay. */
  stats(what: string, holds: (stats: RouteStats) => boolean): Promise<RouteStats> {
    return until(what, () => {
      const stats = this.route.stats();
      return holds(stats) && stats;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }
}
