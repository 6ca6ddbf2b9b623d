/**
 * This daemon's own id, on the labels of the containers that it starts; made when first needed.
 *
 *   STATE-DIR/host-id    its being there says that there may be containers of ours: the id, and below it the directory
 *                        that it was made for
 *
 * A copy of the directory is another daemon's: were it to have the same id, two daemons would take each other's containers
 * for their own, and remove those of wormholes that they do not know.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, realpathSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';

const BYTES = 8;

export class HostId {
  readonly #directory: string;
  readonly #path: string;
  #id: string | undefined;

  /**
   * @param directory the state directory; it belongs to this daemon while it runs
   * @param file      the id that peers know a daemon by has a file of its own
   */
  constructor(directory: string, file: 'host-id' | 'peer-id' = 'host-id') {
    this.#directory = directory;
    this.#path = join(directory, file);
  }

  /** False as long as no container was ever started. */
  get exists(): boolean {
    return existsSync(this.#path);
  }

  /** @throws {WormholeError} WH_ERR_STATE */
  get id(): string {
    return (this.#id ??= this.#read() ?? this.#make());
  }

  #read(): string | undefined {
    if (!this.exists) return undefined;
    const [id = '', madeFor] = this.#attempt(() => readFileSync(this.#path, 'utf8')).split('\n');
    // A file that a power cut left empty names nobody's containers.
    return /^[0-9a-f]{16}$/.test(id) && madeFor === this.#madeFor() ? id : undefined;
  }

  #make(): string {
    const id = randomBytes(BYTES).toString('hex');
    this.#attempt(() => {
      const fd = openSync(this.#path, 'w', 0o600);
      try {
        writeSync(fd, `${id}\n${this.#madeFor()}\n`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
    return id;
  }

  #madeFor(): string {
    return this.#attempt(() => realpathSync(this.#directory));
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new WormholeError('WH_ERR_STATE', `${this.#path}: ${(cause as NodeJS.ErrnoException).code}`, { cause });
    }
  }
}
