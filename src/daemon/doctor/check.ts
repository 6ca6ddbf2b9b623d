/** What a check of `wormhole doctor` is given, and what it answers. */
import type { Engine } from '../../docker/engine.ts';
import type { Check } from '../../spec/api.ts';
import type { Abilities } from '../../tunnel/half.ts';
import type { TcpAddress } from '../config/settings.ts';

/** The running daemon, as far as checks look at it. */
export interface Circumstances {
  readonly engine: Pick<Engine, 'ping'>;
  /** What this kernel can do for tunnels; rejects when it cannot be asked. */
  readonly abilities: () => Promise<Abilities>;
  readonly keyFile: string;
  readonly stateDir: string;
  /** Control addresses that are bound. */
  readonly tcp: readonly TcpAddress[];
  /** Paths of control sockets that are open. */
  readonly unix: readonly string[];
  /** What in which policy gives a peer this machine. */
  readonly rootGrants: () => ReadonlyArray<{ readonly title: string; readonly what: readonly string[] }>;
}

/** One question; never throws. */
export type Examine = (
  circumstances: Circumstances,
  signal: AbortSignal,
) => Promise<readonly Check[]> | readonly Check[];

export const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail, remedy: '' });
export const skip = (name: string, detail: string): Check => ({ name, state: 'skip', detail, remedy: '' });
export const warn = (name: string, detail: string, remedy: string): Check => ({ name, state: 'warn', detail, remedy });
export const fail = (name: string, detail: string, remedy: string): Check => ({ name, state: 'fail', detail, remedy });
