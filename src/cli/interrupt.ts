/**
 * A signal that asks this program to end, as the reason of an abort.
 */
import { constants } from 'node:os';

export class Interrupt extends Error {
  /** As every reason of an abort, so that nobody takes it for a failure. */
  override readonly name = 'AbortError';
  /** Shells' code for a program that a signal ended. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** The exit code of a run that `signal` interrupted. */
export function exitCodeOf({ reason }: AbortSignal): number {
  return reason instanceof Interrupt ? reason.exitCode : new Interrupt('SIGINT').exitCode;
}
