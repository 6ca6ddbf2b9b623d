/**
 * The policy for a peer: what it may ask of this daemon. Shapes and defaults; pure data.
 *
 * A policy is a list of what is allowed, nothing else is; and some targets are denied even where everything is allowed,
 * unless a rule names exactly them (`policy-forbidden.ts`). Read from the config by `policy-shape.ts`, applied
 * to a plan by `policy-plan.ts`, to an address that is about to be dialed or listened on by `policy-dial.ts`.
 */
import { WormholeError } from '../lib/errors.ts';
import type { IpRange } from './ip-range.ts';

/** What can be allowed. */
export const verbs = ['dial', 'listen', 'docker-ns', 'docker-run', 'tunnel', 'control'] as const;

export type Verb = (typeof verbs)[number];

/** Both ends included. */
export interface Ports {
  readonly low: number;
  readonly high: number;
}

/**
 * Places that are allowed; all of what a rule says must hold.
 *
 * Without `container`, `label` and `netns` it is about the host's namespace, with them about those alone; there, without
 * a `range`, about the loopback.
 */
export interface PlaceRule {
  /** Everything that is not denied always; the other members are absent then. */
  readonly any?: true;
  readonly range?: IpRange;
  /** Absent = all. */
  readonly ports?: readonly Ports[];
  readonly protocol?: 'tcp' | 'udp';
  /** Matches the whole name. */
  readonly container?: RegExp;
  readonly label?: { readonly key: string; readonly value: RegExp };
  readonly netns?: RegExp;
  /** A socket's path, plain. */
  readonly unix?: string;
  /** A peer that a wormhole may go on to, as written after `remote`. */
  readonly peer?: RegExp;
}

export interface Policy {
  /** Whose it is, for messages: `the policy of peer web`. */
  readonly title: string;
  readonly verbs: readonly Verb[];
  readonly targets: readonly PlaceRule[];
  readonly listen: readonly PlaceRule[];
  /** Patterns of images, see `policy-image.ts`. */
  readonly images: readonly string[];
  /** Flags of `docker-run` beyond the harmless ones, see `policy-run.ts`. */
  readonly runFlags: readonly string[];
  /** The one container of this host that its tunnels may end in, and nowhere else; absent = as its verbs say. */
  readonly attach?: string;
}

/** Stable words; `detail.rule` of WH_ERR_POLICY. */
export type RuleName =
  | 'verbs'
  | 'targets'
  | 'listen'
  | 'images'
  | 'run-flags'
  | 'attach'
  | 'unknown-peer'
  | 'control-port'
  | 'host-unix'
  | 'host-file'
  | 'engine-socket'
  | 'metadata'
  | 'unspecified'
  | 'multicast'
  | 'not-literal';

/** Why something is not allowed. */
export interface Denial {
  readonly rule: RuleName;
  /** What was asked for and why not: the end of a sentence that begins with the policy's title. */
  readonly reason: string;
}

/** The denial as the error that a peer gets. */
export function policyError({ title }: Pick<Policy, 'title'>, { rule, reason }: Denial): WormholeError {
  return new WormholeError('WH_ERR_POLICY', `${title} denies ${reason}`, { detail: { rule } });
}

/** Whether a verb is missing. @param what is asked for, e.g. `a tunnel` */
export function missingVerb(policy: Policy, verb: Verb, what: string): Denial | undefined {
  if (policy.verbs.includes(verb)) return undefined;
  return { rule: 'verbs', reason: `${what}: its verbs do not include ${verb}` };
}
