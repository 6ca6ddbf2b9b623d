/**
 * A stream that a peer opened, as a client of a route.
 */
import type { Duplex } from 'node:stream';
import type { Incoming } from '../../carrier/link/incoming.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Client } from '../../proxy/portable/client.ts';

/** @param note told of the address from which the connection goes on; returns what is called when it is over */
export function arrived(incoming: Incoming, from: string, note: (local: string) => () => void): Client {
  let forget = (): void => {};
  return {
    from,
    get stream(): Duplex {
      const { duplex } = incoming;
      // Without it an end that came already would not be seen.
      if (duplex.readableFlowing === null && duplex.readableLength === 0) duplex.read(0);
      return duplex;
    },
    bytes: (local) => {
      forget = note(local);
      return incoming.acceptBytes();
    },
    dialed: (local) => {
      if (local !== undefined) forget = note(local);
      incoming.accept();
    },
    over: () => forget(),
    failed: ({ reason, detail }) => {
      incoming.refuse(new WormholeError('WH_ERR_DIAL', detail === '' ? reason : detail));
    },
  };
}
