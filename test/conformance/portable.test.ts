/** The portable data plane keeps the contract. */
import { startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import { relayConformance } from './relay.ts';

relayConformance('the portable data plane', startPortableDataPlane, {
  deadSocket: 'skipped: node:net tells nothing about a socket that it was given, before it is used',
  replyAddress: 'skipped: node:dgram does not tell the address a datagram was sent to',
});
