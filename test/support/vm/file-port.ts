/**
 * A port into a machine of User-Mode Linux: what goes in lies in files, of which the kernel's own line tells the numbers, one at a
 * time; what comes out comes by the line.
 *
 * Of more than it can hold (four kilobytes) that line would not take another byte, for good: line_throttle() of arch/um/drivers
 * stops to listen to it, and nothing there begins again. See agent.mjs for the other end.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Duplex } from 'node:stream';

export class FilePort extends Duplex {
  readonly #line: Duplex;
  readonly #directory: string;
  /** Not yet in a file. */
  #waiting: Uint8Array[] = [];
  #last = 0;
  /** The last file was not taken yet. */
  #lies = false;

  /** @param directory seen inside; files come and go in it */
  constructor(line: Duplex, directory: string) {
    super();
    this.#line = line;
    this.#directory = directory;
    // A reader of lines repeats what its input tells, here that the machine has ended.
    createInterface({ input: line, crlfDelay: 0 })
      .on('error', (error) => this.destroy(error))
      .on('line', (text) => (text === '' ? this.#taken() : this.push(`${text}\n`)))
      .on('close', () => this.push(null));
  }

  override _read(): void {
    // What comes is handed on as it comes.
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#waiting.push(chunk);
    if (!this.#lies) this.#lay();
    done();
  }

  #taken(): void {
    this.#lies = false;
    if (this.#waiting.length > 0) this.#lay();
  }

  #lay(): void {
    this.#lies = true;
    this.#last += 1;
    writeFileSync(join(this.#directory, `${this.#last}`), Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#line.write(`${this.#last}\n`);
  }
}
