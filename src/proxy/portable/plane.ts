/**
 * The portable data plane: the contract of `../route.ts` on streams of Node.js. It serves hosts without Linux or root,
 * and everywhere what comes from a peer or goes to one, which is a stream of a link and no descriptor.
 *
 * It owns its routes and runs on the caller's event loop; there are no workers. What no way leads to is refused with
 * WH_ERR_UNSUPPORTED. Two things differ silently, because Node does not tell:
 *
 *  - the address a datagram was sent to: replies of a head on a wildcard address leave from one the kernel chooses;
 *  - a reset of a side that is not read because the other one is stalled: it shows when the stall ends.
 */
import { Counters } from '../counters.ts';
import type { DataPlane, RouteOptions } from '../route.ts';
import { DatagramRoute } from './datagram-route.ts';
import type { PortableRoute } from './portable-route.ts';
import { StreamRoute } from './stream-route.ts';
import type { Ways } from './ways.ts';

export interface PortableDataPlane extends DataPlane {
  /** @param counters where the route counts, e.g. in memory that another thread reads */
  open(options: RouteOptions, counters?: Counters): Promise<PortableRoute>;
}

/** Starts the portable data plane; disposing of it aborts what is left. @param ways `raw` is owned from now on */
export function startPortableDataPlane(ways: Ways = {}): Promise<PortableDataPlane> {
  const routes = new Set<PortableRoute>();
  return Promise.resolve({
    open(options: RouteOptions, counters = new Counters()): Promise<PortableRoute> {
      const forget = (): void => void routes.delete(route);
      const route: PortableRoute =
        options.kind === 'stream'
          ? new StreamRoute(options, ways, counters, forget)
          : new DatagramRoute(options, ways, counters, forget);
      routes.add(route);
      return Promise.resolve(route);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([...routes].map((route) => route.close(0)));
      ways.raw?.[Symbol.dispose]();
    },
  });
}
