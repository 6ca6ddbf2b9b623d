/** What the registry is made of, and what makes a wormhole. */
import type { Event } from '../../spec/api.ts';
import type { Memory } from '../state/store.ts';
import type { Surroundings } from '../surroundings.ts';
import type { FarPlace } from '../wormhole/remote/far-member.ts';
import type { Interpreted } from './interpret.ts';

export interface RegistryOptions {
  readonly surroundings: Surroundings;
  readonly memory: Memory;
  /** A fresh id that `taken` says no to. */
  readonly makeId: (taken: (id: string) => boolean) => string;
  readonly now?: () => Date;
  /** Told of each change. */
  readonly onEvent?: (event: Event) => void;
  /** Containers of a wormhole that is gone may be there still. */
  readonly onLeftBehind?: () => void;
}

export interface CreateOptions {
  /** False: gone with this process. Default true. */
  readonly remembered?: boolean;
  /** Identity of the peer that asks; its policy decides. Absent = somebody of this machine. */
  readonly owner?: string;
}

/** A wormhole to be made. */
export interface Making extends Interpreted {
  readonly id: string;
  readonly words: readonly string[];
  readonly eager: boolean;
  readonly remembered: boolean;
  /** See {@link CreateOptions.owner}. */
  readonly owner: string | undefined;
  readonly trail?: readonly string[];
  /** Where connections to its listener go: to whoever asked for it. */
  readonly back?: FarPlace;
}
