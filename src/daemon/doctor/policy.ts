/** May a peer become root here? Not by default; but a policy can say so without meaning it. */
import type { Check } from '../../spec/api.ts';
import { type Examine, ok, skip, warn } from './check.ts';

export const policy: Examine = ({ tcp, rootGrants }) => {
  if (tcp.length === 0) return [skip('peers', 'no control port is open')];
  const grants = rootGrants();
  if (grants.length === 0) return [ok('peers', 'no policy gives a peer this machine')];
  return grants.map(({ title, what }): Check => {
    const remedy = 'leave that out of the config, unless the peer is to be root here; see docs/peers.md';
    return warn('peers', `${title} gives this machine away: ${what.join(', ')}`, remedy);
  });
};
