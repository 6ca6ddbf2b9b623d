/** Whether a place is one of those that a rule allows. */
import { isLoopback, parseIp } from './ip.ts';
import { inRange, isSingle } from './ip-range.ts';
import { plainPath } from './path.ts';
import type { PlaceRule } from './policy.ts';

/** Where an address is looked at, as far as rules ask for it. */
export type NamespaceFacts =
  | { readonly kind: 'host' }
  | ContainerFacts
  /** A namespace by its `ip netns` name, or with '' one that has no name here. */
  | { readonly kind: 'other'; readonly name: string };

export interface ContainerFacts {
  readonly kind: 'container';
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It shares the network of the host: only its files are its own. */
  readonly hostNetwork: boolean;
  /** Started by the very segment that dials it. */
  readonly own: boolean;
}

/** An address in a namespace; nothing is left to resolve. */
export interface Spot {
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** IP literal; '' for unix. */
  readonly host: string;
  readonly port: number;
  /** Absolute; unix only. */
  readonly path?: string;
  readonly namespace: NamespaceFacts;
}

/** Whether addresses (and, for a unix socket, files) are the host's own. */
export function isOnHost({ protocol, namespace }: Pick<Spot, 'protocol' | 'namespace'>): boolean {
  if (namespace.kind === 'container') return protocol !== 'unix' && namespace.hostNetwork;
  // A namespace of the network is not one of files.
  return namespace.kind === 'host' || protocol === 'unix';
}

export function allowsPlace(rule: PlaceRule, spot: Spot): boolean {
  if (rule.any === true) return true;
  if (rule.peer !== undefined || !allowsNamespace(rule, spot)) return false;
  return spot.protocol === 'unix' ? rule.unix === plainPath(spot.path ?? '') : allowsAddress(rule, spot);
}

/** Whether the rule names this very place and no other: that opens even what is denied always. */
export function namesExactly(rule: PlaceRule, spot: Spot): boolean {
  if (rule.any === true || !allowsPlace(rule, spot)) return false;
  if (spot.protocol === 'unix') return true;
  const [ports, ...more] = rule.ports ?? [];
  if (ports === undefined || more.length > 0 || ports.low !== ports.high) return false;
  return rule.range !== undefined && isSingle(rule.range);
}

/** Whether the rule is about containers at all. */
export function isAboutContainers({ any, container, label }: PlaceRule): boolean {
  return any === true || container !== undefined || label !== undefined;
}

/** Whether the rule is about this container, whichever address in it. */
export function allowsContainer(rule: PlaceRule, { name, labels }: ContainerFacts): boolean {
  if (rule.any === true) return true;
  if (!isAboutContainers(rule) || rule.container?.test(name) === false) return false;
  const { label } = rule;
  if (label === undefined) return true;
  const value = Object.hasOwn(labels, label.key) ? labels[label.key] : undefined;
  return value !== undefined && label.value.test(value);
}

function allowsNamespace(rule: PlaceRule, spot: Spot): boolean {
  const { namespace } = spot;
  if (isOnHost(spot)) return !isAboutContainers(rule) && rule.netns === undefined;
  if (namespace.kind === 'container') return allowsContainer(rule, namespace);
  if (namespace.kind !== 'other' || namespace.name === '' || isAboutContainers(rule)) return false;
  return rule.netns?.test(namespace.name) === true;
}

function allowsAddress(rule: PlaceRule, { protocol, host, port, namespace }: Spot): boolean {
  if (rule.unix !== undefined) return false;
  if (rule.protocol !== undefined && rule.protocol !== protocol) return false;
  if (rule.ports?.some(({ low, high }) => port >= low && port <= high) === false) return false;
  const bytes = parseIp(host);
  if (bytes === undefined) return false;
  return rule.range === undefined ? namespace.kind !== 'host' && isLoopback(bytes) : inRange(rule.range, bytes);
}
