/**
 * The lines of a pull, summed up: how many layers, how many bytes.
 *
 *   {"status":"Pulling fs layer","id":"a1"}                                                    one layer more
 *   {"status":"Downloading","progressDetail":{"current":10,"total":90},"id":"a1"}              10 of 90 bytes
 *   {"status":"Pull complete","id":"a1"}                                                       one layer done
 *   {"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}                  the end
 */
import type { PullProgress } from './runner.ts';

/** Layers that are counted; Docker's own limit is 127. */
const mostLayers = 1024;

/** Of what a line may say about a layer. A first line "Pulling from NAME" has the tag for an id, and is no layer. */
const layerStatus =
  /^(Pulling fs layer|Already exists|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Retrying in .*)$/;
const doneStatus = /^(Already exists|Pull complete)$/;
const downloadedStatus = /^(Verifying Checksum|Download complete|Extracting|Pull complete)$/;

interface Layer {
  readonly done: boolean;
  readonly current: number;
  /** 0 = not told. */
  readonly total: number;
}

export class PullLines {
  readonly #image: string;
  readonly #layers = new Map<string, Layer>();
  #status = '';
  #error = '';

  constructor(image: string) {
    this.#image = image;
  }

  /** The engine's words about the end of it; '' = none so far. */
  get error(): string {
    return this.#error;
  }

  get progress(): PullProgress {
    const layers = [...this.#layers.values()];
    return {
      image: this.#image,
      status: this.#status,
      layersDone: layers.filter(({ done }) => done).length,
      layersTotal: layers.length,
      bytesDone: layers.reduce((sum, { current }) => sum + current, 0),
      bytesTotal: layers.reduce((sum, { current, total }) => sum + Math.max(current, total), 0),
    };
  }

  /** Takes one line; one that is not as it should be changes nothing. */
  take(line: string): void {
    const said = parse(line);
    if (said === undefined) return;
    const { error, status, id, progressDetail } = said;
    if (typeof error === 'string') this.#error = error || 'no reason given';
    if (typeof status !== 'string') return;
    this.#status = status;
    if (typeof id === 'string' && layerStatus.test(status)) this.#takeLayer(id, status, progressDetail);
  }

  #takeLayer(id: string, status: string, detail: unknown): void {
    const before = this.#layers.get(id) ?? { done: false, current: 0, total: 0 };
    if (!this.#layers.has(id) && this.#layers.size === mostLayers) return;
    const done = before.done || doneStatus.test(status);
    if (status === 'Downloading') {
      const { current, total } = (detail ?? {}) as { readonly current?: unknown; readonly total?: unknown };
      this.#layers.set(id, { done, current: count(current), total: count(total) });
    } else if (downloadedStatus.test(status)) {
      this.#layers.set(id, { ...before, done, current: Math.max(before.current, before.total) });
    } else this.#layers.set(id, { ...before, done });
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Docker says -1 for a size that it does not know. */
function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}
