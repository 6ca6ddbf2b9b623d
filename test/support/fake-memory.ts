/** The state directory without a disk. */
import type { WormholeRecord } from '../../src/daemon/state/record.ts';
import type { Memory } from '../../src/daemon/state/store.ts';

export class FakeMemory implements Memory {
  readonly records = new Map<string, WormholeRecord>();
  /** When set, writing fails with it. */
  failure: Error | undefined;

  save(record: WormholeRecord): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.records.set(record.id, record);
    return Promise.resolve();
  }

  forget(id: string): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.records.delete(id);
    return Promise.resolve();
  }
}
