/** The portable data plane keeps the contract, with what every system has and with what root on Linux can. */
import { startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import { Pump } from '../../src/proxy/portable/pump.ts';
import { Raw } from '../../src/proxy/portable/raw.ts';
import { type Inability, relayConformance } from './relay.ts';

const unable: Inability = {
  replyAddress: 'skipped: node:dgram does not tell the address a datagram was sent to',
};

relayConformance('the portable data plane', startPortableDataPlane, unable);
relayConformance('the portable data plane with raw sockets', () => startPortableDataPlane({ raw: new Raw() }), unable);
relayConformance(
  'the portable data plane on an event loop of its own',
  () => startPortableDataPlane({ raw: new Raw(), pump: Pump.make() }),
  unable,
);
