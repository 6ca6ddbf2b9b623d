/**
 * What every wormhole has in common that is listed though there is nothing of it yet: no listener, no connections, no
 * containers.
 */
import type { RouteStats } from '../../proxy/route.ts';
import type { Segment, Stats } from '../../spec/api.ts';
import type { WormholeRecord } from '../state/record.ts';
import { sumStats, toStats } from './stats.ts';

export abstract class Unmade {
  readonly routeStats: RouteStats = sumStats([]);
  readonly connections = 0;
  readonly #record: WormholeRecord;

  constructor(record: WormholeRecord) {
    this.#record = record;
  }

  get id(): string {
    return this.#record.id;
  }

  record(): WormholeRecord {
    return this.#record;
  }

  holds(): boolean {
    return false;
  }

  stats(): Stats {
    return toStats(this.routeStats, []);
  }

  segments(): Segment[] {
    return [];
  }

  segmentsEverywhere(): Promise<Segment[]> {
    return Promise.resolve([]);
  }

  abstract stop(): Promise<void>;

  end(): Promise<void> {
    return this.stop();
  }

  removeContainers(): Promise<void> {
    return Promise.resolve();
  }
}
