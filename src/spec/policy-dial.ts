/**
 * The check of each stream: may a peer have this address dialed, or listened on, at this moment?
 *
 * Asked with what is about to be dialed, after names and containers were resolved, each time they are: what was
 * allowed at create may be something else by now.
 */
import { formatHost } from './host.ts';
import { isLoopback, parseIp } from './ip.ts';
import { type Denial, missingVerb, type PlaceRule, type Policy } from './policy.ts';
import { forbidden, forbiddenHead, type OwnGround, type ResolvedAddress } from './policy-forbidden.ts';
import {
  allowsContainer,
  allowsPlace,
  type ContainerFacts,
  isOnHost,
  namesExactly,
  type Spot,
} from './policy-place.ts';

/** @returns why not; undefined when it may */
export function checkDial(spot: Spot, policy: Policy, own: OwnGround): Denial | undefined {
  const what = `dialing ${formatSpot(spot)}`;
  const missing = missingVerb(policy, 'dial', what) ?? missingContainerVerb(spot, policy, what);
  if (missing !== undefined) return missing;
  return judge(spot, what, forbidden(addressOf(spot), own, isOnHost(spot)), policy.targets, 'targets');
}

/** @returns why not; undefined when it may */
export function checkListen(spot: Spot, policy: Policy, own: OwnGround): Denial | undefined {
  const what = `listening on ${formatSpot(spot)}`;
  const missing = missingVerb(policy, 'listen', what) ?? missingContainerVerb(spot, policy, what);
  if (missing !== undefined) return missing;
  return judge(spot, what, forbiddenHead(addressOf(spot), own, isOnHost(spot)), policy.listen, 'listen');
}

/**
 * Whether a container may be gone into at all, before it runs: addresses in it are judged later.
 *
 * @param list for dialing from inside it, or for listening there
 */
export function checkEnter(container: ContainerFacts, policy: Policy, list: 'targets' | 'listen'): Denial | undefined {
  const what = `entering container ${container.name}`;
  const missing = missingVerb(policy, 'docker-ns', what);
  if (missing !== undefined || policy[list].some((rule) => allowsContainer(rule, container))) return missing;
  return { rule: list, reason: `${what}: none of its ${list === 'targets' ? 'targets' : 'listen rules'} is that` };
}

/** What makes a spot forbidden that only the machine can tell, e.g. that a path leads to an engine's socket. */
export function checkForbidden(spot: Spot, found: Denial, policy: Policy): Denial | undefined {
  return judge(spot, `dialing ${formatSpot(spot)}`, found, policy.targets, 'targets');
}

function judge(
  spot: Spot,
  what: string,
  always: Denial | undefined,
  rules: readonly PlaceRule[],
  rule: 'targets' | 'listen',
): Denial | undefined {
  if (always !== undefined) {
    if (rules.some((one) => namesExactly(one, spot))) return undefined;
    return { rule: always.rule, reason: `${what}: ${always.reason}` };
  }
  if (isOwnContainer(spot) || rules.some((one) => allowsPlace(one, spot))) return undefined;
  return { rule, reason: `${what}: none of its ${rule === 'targets' ? 'targets' : 'listen rules'} is that` };
}

/** The loopback of the container that was started for it, which its image and flags were judged for. */
function isOwnContainer({ protocol, host, namespace }: Spot): boolean {
  if (namespace.kind !== 'container' || !namespace.own || namespace.hostNetwork) return false;
  return protocol === 'unix' || isLoopback(parseIp(host) ?? [0]);
}

function missingContainerVerb({ namespace }: Spot, policy: Policy, what: string): Denial | undefined {
  if (namespace.kind !== 'container') return undefined;
  return missingVerb(policy, namespace.own ? 'docker-run' : 'docker-ns', what);
}

function addressOf({ protocol, host, port, path = '' }: Spot): ResolvedAddress {
  return protocol === 'unix' ? { kind: 'unix', path } : { kind: 'ip', host, port };
}

function formatSpot({ protocol, host, port, path = '', namespace }: Spot): string {
  const where =
    namespace.kind === 'host'
      ? ''
      : namespace.kind === 'container'
        ? ` in container ${namespace.name}`
        : ` in ${namespace.name === '' ? 'a namespace without a name' : `namespace ${namespace.name}`}`;
  if (protocol === 'unix') return `unix://${path}${where}`;
  return `${protocol === 'udp' ? 'udp://' : ''}${formatHost(host)}:${port}${where}`;
}
