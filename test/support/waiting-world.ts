/**
 * A route that asks for its targets, and clients that wait for them.
 */
import type { DataPlane, RouteOptions, RouteStats } from '../../src/proxy/route.ts';
import { Oracle } from './relay-oracle.ts';
import type { Peer } from './relay-peer.ts';
import { until } from './relay-wait.ts';
import { RelayWorld } from './relay-world.ts';

/** See the module header. */
export class WaitingWorld implements AsyncDisposable {
  readonly world: RelayWorld;
  readonly oracle: Oracle;

  private constructor(world: RelayWorld, oracle: Oracle) {
    this.world = world;
    this.oracle = oracle;
  }

  static async open(plane: DataPlane, options: Partial<RouteOptions> = {}): Promise<WaitingWorld> {
    const oracle = new Oracle();
    return new WaitingWorld(await RelayWorld.open(plane, [], { ...options, ask: oracle.ask }), oracle);
  }

  /** Until as many wait. */
  waiting(n: number): Promise<RouteStats> {
    return this.world.stats(`${n} wait`, ({ connectionsWaiting }) => connectionsWaiting === n);
  }

  /** Brings clients that wait. */
  async join(n = 1): Promise<Peer[]> {
    const before = this.world.route.stats().connectionsWaiting;
    const clients = await Promise.all(Array.from({ length: n }, () => this.world.connect()));
    await this.waiting(before + n);
    await until('the question was put', () => this.oracle.asked > 0);
    return clients;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]();
  }
}
