/**
 * What a wormhole that belongs to a peer may still do: asked with what was resolved, each time, before it is used.
 *
 * A wormhole of this machine's own people has none. `policies.ts` makes them.
 */
import type { Container } from '../../docker/engine.ts';
import type { PeerAddress } from '../../spec/plan.ts';
import type { Place } from '../places/place.ts';

/** An address that is about to be dialed or listened on. */
export interface PermitTarget {
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** Literal, no brackets; '' for unix. */
  readonly host: string;
  readonly port: number;
  /** `unix` only; looked up in the root of its place. */
  readonly path?: string;
  /** Borrowed for the length of the call. */
  readonly place: Place;
  /** The place is a container that this very segment had started. */
  readonly own: boolean;
}

/** Each throws WH_ERR_POLICY, naming the rule, when it is not allowed. */
export interface Permit {
  readonly dial: (target: PermitTarget) => void;
  readonly listen: (target: PermitTarget) => void;
  /** Asked before a container that somebody else made is started for it. */
  readonly wake: (container: Pick<Container, 'name' | 'labels' | 'hostNetwork'>) => void;
  /** Asked before another daemon is dialed, or a link to it used, for it. @param host a literal */
  readonly peer: (peer: PeerAddress, host: string) => void;
}
