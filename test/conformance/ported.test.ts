/** The portable data plane keeps the contract also in another thread, over a message port. */
import { afterAll, beforeAll } from 'vitest';
import { PORTED_SOURCES, startPortedPlane } from '../support/ported-plane.ts';
import { type Compiled, compile } from '../support/relay-worker.ts';
import { relayConformance } from './relay.ts';

let compiled: Compiled | undefined;
beforeAll(() => {
  compiled = compile(...PORTED_SOURCES);
});
afterAll(() => compiled?.[Symbol.dispose]());

relayConformance(
  'the portable data plane in another thread',
  () => {
    if (compiled === undefined) throw new Error('it was not compiled');
    return Promise.resolve(
      startPortedPlane(compiled, (error) => {
        throw error;
      }),
    );
  },
  { replyAddress: 'skipped: node:dgram does not tell the address a datagram was sent to' },
);
