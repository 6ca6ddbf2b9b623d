/**
 * What a readiness probe looks at, and what it answers.
 */
import type { Runner } from '../../../docker/runner.ts';
import type { OwnedFd } from '../../../sys/fd.ts';
import type { Resolution } from '../../names/resolution.ts';
import type { Place } from '../../places/place.ts';
import type { PermitTarget } from '../../policy/permit.ts';

export interface ProbeTarget {
  /** Borrowed; valid until the probe's signal aborts. */
  readonly place: Place;
  /** Id of the container. */
  readonly container: string;
  /** RFC 3339 start time of this run. */
  readonly startedAt: string;
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** Literal without brackets, or a name as the place resolves it; '' for `unix`. */
  readonly host: string;
  readonly port: number;
  /** `unix` only. */
  readonly path?: string;
  /** Asked before an address is dialed; throws WH_ERR_POLICY. */
  readonly permit?: (target: Pick<PermitTarget, 'protocol' | 'host' | 'port' | 'path'>) => void;
  /** Told why it is not ready yet, whenever the reason changes; '' is never told. */
  readonly onWaiting?: (reason: string) => void;
}

export interface Ready {
  /** The connection by which the probe found it ready, non-blocking and unread; owned by the caller. */
  readonly socket?: OwnedFd;
}

/** What probes ask of the engine. */
export type ProbeRunner = Pick<Runner, 'inspect' | 'logs'>;

/** Addresses of a name, as the place resolves it. @throws {WormholeError} WH_ERR_NAME_NOT_RESOLVED */
export type Resolve = (host: string, place: Place, signal: AbortSignal) => Promise<Resolution>;

/** Tells a reason once, however often it is found. */
export function teller({ onWaiting }: ProbeTarget): (reason: string) => void {
  let told = '';
  return (reason) => {
    if (reason === told) return;
    told = reason;
    onWaiting?.(reason);
  };
}
