/** A place as policies look at it. */
import type { NamespaceFacts } from '../../spec/policy-place.ts';
import type { Place } from '../places/place.ts';

/**
 * @param own the place is a container that was started for the very wormhole that asks
 * @param hostId kernel identity of the daemon's namespace
 */
export function factsOf(place: Place, own: boolean, hostId: string): NamespaceFacts {
  const { container, namespace, namespaceId, root, label } = place;
  // By identity, whatever it is called: a name under /run/netns or a pid may well be the host's.
  const hostNetwork = place.hostNetwork || namespace === undefined || namespaceId === hostId;
  if (container !== undefined) {
    return { kind: 'container', name: container.name, labels: container.labels, hostNetwork, own };
  }
  if (hostNetwork) return { kind: 'host' };
  // A process has a root, a name under /run/netns has not.
  return { kind: 'other', name: root === undefined ? label : '' };
}
