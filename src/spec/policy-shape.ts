/**
 * The policy as it stands in the config file, read: shapes have been checked by the schema, the words in them are here.
 */
import { glob } from './glob.ts';
import { parsePort } from './host.ts';
import { at, invalid, show } from './invalid.ts';
import { parseIpRange } from './ip-range.ts';
import { parseLabel } from './names.ts';
import { parseSocketPath, plainPath } from './path.ts';
import type { PlaceRule, Policy, Ports, Verb } from './policy.ts';
import { parseImagePattern } from './policy-image.ts';
import { isRunGrant } from './policy-run.ts';

type PortsShape = number | string;

export interface RuleShape {
  readonly cidr?: string;
  readonly ports?: PortsShape | readonly PortsShape[];
  readonly protocol?: 'tcp' | 'udp';
  readonly container?: string;
  readonly label?: string;
  readonly netns?: string;
  readonly unix?: string;
  readonly peer?: string;
}

export interface PolicyShape {
  readonly verbs?: readonly Verb[];
  readonly targets?: ReadonlyArray<'any' | RuleShape>;
  readonly listen?: ReadonlyArray<'any' | RuleShape>;
  readonly images?: readonly string[];
  readonly 'run-flags'?: readonly string[];
}

/** Everything but what is denied always. */
export const defaultPolicy: PolicyShape = {
  verbs: ['dial', 'listen', 'docker-ns', 'docker-run', 'tunnel', 'control'],
  targets: ['any'],
  listen: ['any'],
  images: ['**'],
  'run-flags': [],
};

/** What is absent allows nothing. @param title see {@link Policy} @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parsePolicy(shape: PolicyShape, title: string): Policy {
  const each = <T, R>(list: readonly T[] | undefined, name: string, read: (one: T) => R): R[] =>
    (list ?? []).map((one, index) => at({ word: name, index }, `${name}[${index}]`, () => read(one)));
  return {
    title,
    verbs: shape.verbs ?? [],
    targets: each(shape.targets, 'targets', parseRule),
    listen: each(shape.listen, 'listen', parseRule),
    images: each(shape.images, 'images', parseImagePattern),
    runFlags: each(shape['run-flags'], 'run-flags', parseGrant),
  };
}

function parseRule(shape: 'any' | RuleShape): PlaceRule {
  if (shape === 'any') return { any: true };
  const { cidr, ports, protocol, container, label, netns, unix, peer } = shape;
  if (Object.keys(shape).every((key) => key === 'ports' || key === 'protocol')) {
    throw invalid('the rule does not say where; add cidr, container, label, netns, unix or peer');
  }
  if (peer !== undefined && Object.keys(shape).length > 1) throw invalid('peer stands alone in its rule');
  if (unix !== undefined && (cidr ?? ports ?? protocol ?? netns) !== undefined) {
    throw invalid('a unix socket has no address; beside unix only container and label can stand');
  }
  if (netns !== undefined && (container ?? label) !== undefined) {
    throw invalid('netns and container are two places; write two rules');
  }
  const list = ports === undefined ? undefined : Array.isArray(ports) ? (ports as PortsShape[]) : [ports as PortsShape];
  return {
    ...(cidr !== undefined && { range: parseIpRange(cidr) }),
    ...(list !== undefined && { ports: list.map(parsePorts) }),
    ...(protocol !== undefined && { protocol }),
    ...(container !== undefined && { container: parseGlob(container) }),
    ...(label !== undefined && { label: parseLabelPattern(label) }),
    ...(netns !== undefined && { netns: parseGlob(netns) }),
    ...(unix !== undefined && { unix: plainPath(parseSocketPath(unix)) }),
    ...(peer !== undefined && { peer: parseGlob(peer) }),
  };
}

/** `3306`, or `5432-5439`. */
function parsePorts(value: PortsShape): Ports {
  const [first = '', last = first, ...more] = String(value).split('-');
  const [low, high] = [parsePort(first), parsePort(last)];
  if (low === 0 || low > high || more.length > 0) {
    throw invalid(`${show(String(value))} is not a port or a range; write 3306 or 5432-5439`);
  }
  return { low, high };
}

function parseGlob(text: string): RegExp {
  if (text === '') throw invalid('a pattern is empty; * matches every name');
  return glob(text);
}

/** `KEY=PATTERN`; a label's value may hold slashes, which * does not match. */
function parseLabelPattern(text: string): NonNullable<PlaceRule['label']> {
  const { key, value } = parseLabel(text);
  return { key, value: glob(value) };
}

function parseGrant(text: string): string {
  if (isRunGrant(text)) return text;
  throw invalid(`${show(text)} is not a flag of docker-run; write its long name, or network=host`);
}
