/**
 * What the control plane may ask of a route inside a worker, whether it carries streams or datagrams.
 */
import type { ToRelay } from '../messages.ts';

/** The message that brings targets. */
export type WireTargets = Extract<ToRelay, { type: 'targets' }>;

/** Descriptors in the arguments are owned by the route from then on. */
export interface WorkerRoute {
  listen(fd: number): void;
  unlisten(): void;
  retarget(message: WireTargets): void;
  /** Fails what waits for targets. */
  askFailed(answer: number, reason: string): void;
  /** Stops accepting; `onDrained` is called when the last connection has ended, which `abort` makes now. */
  close(abort: boolean, onDrained: () => void): void;
}
