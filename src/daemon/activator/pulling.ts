/**
 * How far the pulls of an attempt have come, in words; the attempt's time stands still meanwhile.
 */
import type { PullProgress } from '../../docker/runner.ts';
import type { PausableDeadline } from './pausable-deadline.ts';

export class Pulling {
  readonly #onChange: () => void;
  #progress: PullProgress | undefined;
  #held = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** @param progress undefined = over */
  note(progress: PullProgress | undefined, limit: PausableDeadline): void {
    if (progress !== undefined && !this.#held) limit.hold();
    if (progress === undefined && this.#held) limit.go();
    this.#held = progress !== undefined;
    this.#progress = progress;
    this.#onChange();
  }

  /** Undefined when nothing is pulled. */
  get progress(): PullProgress | undefined {
    return this.#progress;
  }

  /** e.g. `pulling mysql:8: 3 of 7 layers, 45 %`; '' when nothing is pulled. */
  describe(): string {
    if (this.#progress === undefined) return '';
    const { image, layersDone, layersTotal, bytesDone, bytesTotal } = this.#progress;
    const layers = layersTotal > 0 ? `: ${layersDone} of ${layersTotal} layers` : '';
    const share = bytesTotal > 0 ? `, ${Math.floor((100 * bytesDone) / bytesTotal)} %` : '';
    return `pulling ${image}${layers}${share}`;
  }
}
