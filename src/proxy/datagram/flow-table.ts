/**
 * The flows of one UDP head: found by key, ordered by last use, so that the one to drop (the table is full) and those
 * to expire (idle) are always at the old end.
 */
import type { Flow } from './flow.ts';
import type { FlowKey } from './flow-key.ts';

/** See the module header. */
export class FlowTable {
  readonly #flows = new Map<FlowKey, Flow>();
  #newest: Flow | undefined;
  #oldest: Flow | undefined;

  get size(): number {
    return this.#flows.size;
  }

  get oldest(): Flow | undefined {
    return this.#oldest;
  }

  get(key: FlowKey): Flow | undefined {
    return this.#flows.get(key);
  }

  values(): IterableIterator<Flow> {
    return this.#flows.values();
  }

  add(flow: Flow): void {
    this.#flows.set(flow.key, flow);
    this.#link(flow);
  }

  /** Marks `flow` as just used. */
  touch(flow: Flow, now: number): void {
    flow.activeAt = now;
    if (this.#newest === flow) return;
    this.#unlink(flow);
    this.#link(flow);
  }

  remove(flow: Flow): void {
    this.#flows.delete(flow.key);
    this.#unlink(flow);
  }

  #link(flow: Flow): void {
    flow.older = this.#newest;
    flow.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = flow;
    this.#newest = flow;
    this.#oldest ??= flow;
  }

  #unlink(flow: Flow): void {
    if (flow.newer === undefined) this.#newest = flow.older;
    else flow.newer.older = flow.older;
    if (flow.older === undefined) this.#oldest = flow.newer;
    else flow.older.newer = flow.newer;
    flow.newer = undefined;
    flow.older = undefined;
  }
}
