/**
 * One line on a terminal that tells how far a long create is, written over until it is done.
 */
import type { Event } from '../spec/api.ts';
import { printable } from '../spec/invalid.ts';
import type { Sink } from './invocation.ts';
import { LiveLine } from './live-line.ts';
import { bytes } from './units.ts';

const BAR = 24;
/** Shown on `sink` until disposed, which leaves no trace of it. */
export class Progress implements Disposable {
  readonly #line: LiveLine;

  constructor(sink: Sink) {
    this.#line = new LiveLine(sink);
  }

  show(event: Event): void {
    this.#line.show(describe(event));
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }
}

/** e.g. `pulling mysql [#########---------------]  38 % 12.5MiB of 33.0MiB`, `starting`. */
export function describe({ state, reason, pull }: Event): string {
  if (pull === null) return reason === '' ? printable(state) : `${printable(state)}: ${printable(reason)}`;
  const share = pull.bytesTotal > 0 ? Math.min(1, pull.bytesDone / pull.bytesTotal) : 0;
  const filled = Math.floor(share * BAR);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}`;
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `pulling ${printable(pull.image)} [${bar}] ${percent} ${bytes(pull.bytesDone)} of ${bytes(pull.bytesTotal)}`;
}
