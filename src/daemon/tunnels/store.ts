/**
 * The tunnels that this daemon remembers.
 *
 *   STATE-DIR/tunnels.json                 see record.ts
 *   STATE-DIR/tunnels.json.corrupt-TIME    set aside, for a person to look at
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import type { Logger } from '../log.ts';
import { writeAtomic } from '../state/atomic.ts';
import { setAside } from '../state/set-aside.ts';
import { formatRecords, parseRecords, type TunnelRecord } from './record.ts';

export class TunnelStore {
  readonly #path: string;
  readonly #log: Pick<Logger, 'error'>;
  #written: Promise<void> = Promise.resolve();

  /** @param directory the state directory */
  constructor(directory: string, log: Pick<Logger, 'error'>) {
    this.#path = join(directory, 'tunnels.json');
    this.#log = log;
  }

  /** What was written last; what cannot be understood is set aside. @throws {WormholeError} WH_ERR_STATE */
  load(): readonly TunnelRecord[] {
    try {
      const records = parseRecords(readFileSync(this.#path, 'utf8'));
      if (!('damage' in records)) return records;
      this.#log.error(
        { path: setAside(this.#path), reason: records.damage },
        'the tunnels of before cannot be read; wormhole tunnel-gc removes what is left of them',
      );
      return [];
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      throw new WormholeError('WH_ERR_STATE', `${this.#path}: ${code}`, { cause });
    }
  }

  /** One after the other; resolves when it would survive a power cut. @throws {WormholeError} WH_ERR_STATE */
  async save(records: readonly TunnelRecord[]): Promise<void> {
    const content = formatRecords(records);
    this.#written = this.#written.catch(() => undefined).then(() => writeAtomic(this.#path, content));
    try {
      await this.#written;
    } catch (cause) {
      throw new WormholeError('WH_ERR_STATE', `${this.#path}: ${(cause as NodeJS.ErrnoException).code}`, { cause });
    }
  }
}
