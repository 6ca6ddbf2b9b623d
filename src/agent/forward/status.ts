/** What a program that forwards can be told, as plain data. */
import type { WormholeError } from '../../lib/errors.ts';

/** How what serves a mapping is at the far end; `deleted`: by people there, a `-c` is there again with its next connection. */
export type FarMappingState = 'up' | 'idle' | 'starting' | 'waiting' | 'gone' | 'failed' | 'draining' | 'deleted';

/** One mapping, as it is now. */
export interface MappingStatus {
  /** As it was written. */
  readonly text: string;
  /** `out`: this machine listens; `back`: the far one does. */
  readonly direction: 'out' | 'back';
  /** HOST:PORT, the port that is really bound. */
  readonly listen: string;
  /** HOST:PORT, or container/NAME:PORT. */
  readonly target: string;
  /** As the far daemon has told it last. */
  readonly state: FarMappingState;
  /** Its words, e.g. why a container there has ended; may be empty. */
  readonly reason: string;
  readonly connectionsOpen: number;
  readonly connectionsTotal: number;
  readonly connectionsFailed: number;
  /** Bytes towards the target. */
  readonly bytesIn: number;
  /** Bytes from the target. */
  readonly bytesOut: number;
}

export interface ForwardStatus {
  /** `lost`: the connection broke, nothing is lost yet; `dialing`: there is none, another one is looked for. */
  readonly state: 'up' | 'lost' | 'dialing' | 'closing';
  /** Why it is not up; empty when it is. */
  readonly reason: string;
  /** What the far daemon calls itself; empty before it said so. */
  readonly peer: string;
  /** HOST:PORT that was reached. */
  readonly address: string;
  /** Milliseconds there and back; null until measured. */
  readonly rttMs: number | null;
  /** Connections that broke, and those of them that were replaced with nothing lost. */
  readonly lost: number;
  readonly resumed: number;
  readonly mappings: readonly MappingStatus[];
}

/** A connection that has ended. */
export interface EndedConnection {
  /** HOST:PORT that it came from. */
  readonly client: string;
  /** `done`: both sides ended; the others name who or what ended it, or kept it from its target. */
  readonly reason: string;
  /** For people: the last error; empty when there is nothing to say. */
  readonly detail: string;
  /** Milliseconds until its target was reached; -1 when it never was. */
  readonly dialMs: number;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What happens. */
export type ForwardEvent =
  | { readonly kind: 'up'; readonly peer: string; readonly address: string; readonly version: string }
  /** The connection broke; connections through it wait for another one. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'resumed' }
  /** Connections through it are over; a new beginning is tried. */
  | { readonly kind: 'down'; readonly reason: string }
  /** An attempt to begin anew failed. */
  | { readonly kind: 'failed'; readonly error: WormholeError }
  /** What serves a mapping at the far end has another state, or another reason for it. */
  | { readonly kind: 'told'; readonly mapping: string; readonly state: FarMappingState; readonly reason: string }
  /** A connection has ended. */
  | { readonly kind: 'closed'; readonly mapping: string; readonly connection: EndedConnection };
