/**
 * What the control plane may ask of a route inside a worker, whether it carries streams or datagrams.
 */
import type { WireTarget } from '../messages.ts';

/** Descriptors in the arguments are owned by the route from then on. */
export interface WorkerRoute {
  listen(fd: number): void;
  unlisten(): void;
  retarget(wire: readonly WireTarget[], validForMs: number): void;
  /** Fails what waits for targets. */
  askFailed(reason: string): void;
  /** Stops accepting; `onDrained` is called when the last connection has ended, which `abort` makes now. */
  close(abort: boolean, onDrained: () => void): void;
}
