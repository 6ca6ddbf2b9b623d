/** What a program says to have ports forwarded. */
import type { ForwardEvent, ForwardStatus } from './status.ts';

export interface ForwardOptions {
  /** The daemon that forwards: `HOST`, `HOST:PORT`, `[IPv6]:PORT`. */
  readonly target: string;
  /** Ports here that lead there: `[[BIND:]PORT:][HOST:]PORT`, HOST looked up there; `container/NAME` for a container's own loopback. */
  readonly connections?: readonly string[];
  /** Ports there that lead here, in the same spelling; HOST is looked up here. */
  readonly reverse?: readonly string[];
  /** IP address that `connections` listen on which name none. Default 127.0.0.1. */
  readonly bind?: string;
  /** The key that the daemon holds too. Default /etc/wormhole/key.secret. */
  readonly keyFile?: string;
  /** The name whose own key that is, where the daemon's configuration has given this program one. Default: the key is the common one. */
  readonly as?: string;
  /** Milliseconds that connections outlive a lost network, and the program a lost daemon. Default 30,000; 0 = not at all. */
  readonly resumeMs?: number;
  /** Never gives up, from the first attempt on. Default: the first attempt has to succeed. */
  readonly retry?: boolean;
  /** Milliseconds of the longest pause between two attempts. Default 5,000. */
  readonly retryMs?: number;
  /** Told when something has happened. */
  readonly onEvent?: (event: ForwardEvent) => void;
  /** Told how everything is, whenever something has happened and once a second. */
  readonly onStatus?: (status: ForwardStatus) => void;
  /** Ends forwarding, and connections with it. */
  readonly signal?: AbortSignal;
}

/** Ports that are forwarded; its owner closes it. */
export interface Forward extends AsyncDisposable {
  status(): ForwardStatus;
  /** Resolves when it was closed. @throws {WormholeError} why it was given up */
  readonly over: Promise<void>;
  /** Takes no more connections, lets those that are open end for `drainMs`, then ends the rest. Again with less hurries. */
  close(drainMs?: number): Promise<void>;
}
