/**
 * The state directory: one file per wormhole, so that a damaged one costs one wormhole.
 *
 *   STATE-DIR/lock                           held while a daemon uses the directory
 *   STATE-DIR/wormholes/ID.json              see record.ts
 *   STATE-DIR/wormholes/ID.json.corrupt-TIME set aside, for a person to look at
 */
import { chmod, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { makeDirectories } from '../../lib/make-directories.ts';
import { syncDirectory, TEMPORARY, writeAtomic } from './atomic.ts';
import { lockDirectory } from './lock.ts';
import { formatRecord, parseRecord, type WormholeRecord } from './record.ts';
import { setAside } from './set-aside.ts';

const SUFFIX = '.json';

/** A file that could not be used. */
export interface Damage {
  /** Where it lies now. */
  readonly path: string;
  readonly reason: string;
}

/** What the registry needs to remember wormholes. */
export interface Memory {
  /** Resolves when it would survive a power cut. @throws {WormholeError} WH_ERR_STATE */
  save(record: WormholeRecord): Promise<void>;
  /** Unknown ids are forgotten already. @throws {WormholeError} WH_ERR_STATE */
  forget(id: string): Promise<void>;
}

export class StateStore implements Memory, Disposable {
  readonly #directory: string;
  readonly #lock: Disposable;

  private constructor(directory: string, lock: Disposable) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** Makes the directory if it is missing. @throws {WormholeError} WH_ERR_STATE also when another daemon uses it */
  static async open(directory: string): Promise<StateStore> {
    const wormholes = join(directory, 'wormholes');
    return await told(directory, async () => {
      makeDirectories(directory, 0o700);
      await chmod(directory, 0o700);
      const lock = lockDirectory(directory);
      try {
        makeDirectories(wormholes, 0o700);
        return new StateStore(wormholes, lock);
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
    });
  }

  /** All records in order of creation; damaged files are set aside. @throws {WormholeError} WH_ERR_STATE */
  async load(): Promise<{ readonly records: readonly WormholeRecord[]; readonly damaged: readonly Damage[] }> {
    const directory = this.#directory;
    return await told(directory, async () => {
      const records: WormholeRecord[] = [];
      const damaged: Damage[] = [];
      for (const name of await readdir(directory)) {
        if (name.endsWith(TEMPORARY)) await rm(join(directory, name), { force: true });
        if (!name.endsWith(SUFFIX)) continue;
        const path = join(directory, name);
        const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error);
        const record =
          typeof text === 'string' ? parseRecord(text, name.slice(0, -SUFFIX.length)) : { damage: text.message };
        if ('damage' in record) damaged.push({ path: setAside(path), reason: record.damage });
        else records.push(record);
      }
      return { records: records.sort((a, b) => a.sequence - b.sequence), damaged };
    });
  }

  async save(record: WormholeRecord): Promise<void> {
    const path = this.#pathOf(record.id);
    await told(path, () => writeAtomic(path, formatRecord(record)));
  }

  async forget(id: string): Promise<void> {
    const path = this.#pathOf(id);
    await told(path, async () => {
      await unlink(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await syncDirectory(this.#directory);
    });
  }

  /** Lets another daemon use the directory. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  #pathOf(id: string): string {
    // Ids are validated long before; a path from a stranger's text is worth a second look.
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(id)) {
      throw new WormholeError('WH_ERR_STATE', `${JSON.stringify(id)} cannot be the name of a state file`);
    }
    return join(this.#directory, id + SUFFIX);
  }
}

/** Adds the path to what the file system said. */
async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (WormholeError.is(cause)) throw cause;
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_STATE', `${path}: ${code}`, { cause, detail: { path } });
  }
}
