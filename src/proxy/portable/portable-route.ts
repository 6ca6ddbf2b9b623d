/** A route of the portable data plane (`plane.ts`). */
import type { Route } from '../route.ts';
import type { Client } from './client.ts';
import type { DatagramEnd } from './datagram-end.ts';
import type { ListenAddress } from './listen-address.ts';

/** A route that can also listen where descriptors do not exist. */
export interface PortableRoute extends Route {
  /**
   * Like {@link Route.listen}, on an address instead of a descriptor.
   *
   * @returns the address really bound: the port is the kernel's when 0 was asked for
   * @throws {WormholeError} WH_ERR_LISTEN
   */
  listenOn(address: ListenAddress): Promise<ListenAddress>;
  /** Serves a client that came otherwise than through the listener; it counts like the others. Streams only. */
  take(client: Client): void;
  /** As {@link take}, for one UDP client, owned from now on; a route of streams closes it. @param from its address as text */
  takeFlow(client: DatagramEnd, from: string): void;
}
