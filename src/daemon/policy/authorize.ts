/** Who may use which endpoint of the control API: what is not known to be harmless needs the verb `control`. */
import type { EndpointName } from '../api/endpoints.ts';
import type { Origin } from '../api/operations.ts';
import type { Policies } from './policies.ts';

/**
 * What a peer may always ask. A ping through us to another host is judged as the dial that it is, guests by their plan, and halves of
 * tunnels by the verb `tunnel`.
 */
const harmless: ReadonlySet<EndpointName> = new Set<EndpointName>([
  'health',
  'ping',
  'putGuest',
  'guest',
  'removeGuest',
  'rollGuests',
  'acceptInvitation',
  'offerHalf',
  'commitHalf',
  'half',
  'removeHalf',
  'rekeyHalf',
]);

/** @returns a check that throws WH_ERR_POLICY; people of this machine are root or in the group, and may everything */
export function authorizer(policies: Pick<Policies, 'control'>): (endpoint: EndpointName, origin: Origin) => void {
  return (endpoint, origin) => {
    if (origin.kind === 'peer' && !harmless.has(endpoint)) policies.control(origin.identity, `the use of ${endpoint}`);
  };
}
