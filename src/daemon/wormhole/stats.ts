/** Counters in the API's shape, of one route and summed over many. */
import type { RouteStats } from '../../proxy/route.ts';
import type { Stats } from '../../spec/api.ts';

/** @param labels of the pool's members, by index */
export function toStats(stats: RouteStats, labels: readonly string[]): Stats {
  const members = labels.map((target, index) => {
    const health = stats.members.find(({ member }) => member === index);
    const { up = true, open = 0, dialed = 0, failed = 0 } = health ?? {};
    return { target, up, open, dialed, failed };
  });
  const { connectionsWaiting: _, ...counted } = stats;
  return { ...counted, members };
}

/** Sums counters; dial times of different wormholes are not merged, nor are their members. */
export function sumStats(all: readonly RouteStats[]): RouteStats {
  const sum = (count: (stats: RouteStats) => number): number => all.reduce((total, stats) => total + count(stats), 0);
  return {
    connectionsOpen: sum((stats) => stats.connectionsOpen),
    connectionsWaiting: sum((stats) => stats.connectionsWaiting),
    connectionsTotal: sum((stats) => stats.connectionsTotal),
    connectionsFailed: sum((stats) => stats.connectionsFailed),
    bytesIn: sum((stats) => stats.bytesIn),
    bytesOut: sum((stats) => stats.bytesOut),
    dialP50Ms: null,
    dialP99Ms: null,
    datagramsIn: sum((stats) => stats.datagramsIn),
    datagramsOut: sum((stats) => stats.datagramsOut),
    datagramsDropped: sum((stats) => stats.datagramsDropped),
    members: [],
  };
}
