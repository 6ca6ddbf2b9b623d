/**
 * One connection under a session: records instead of bytes, and an owner that changes.
 *
 * First the handshake owns it, then the session. A wire that was fenced off has no owner: whatever still comes of it is lost.
 */
import type { BytePipe, Clock } from '../byte-pipe.ts';
import { RecordReader, type RecordSink } from './record-reader.ts';

/** Milliseconds that a last word gets. */
const lingerMs = 1_000;

/** Who hears of a wire. */
export interface WireOwner extends RecordSink {
  onDrain(): void;
  /** The connection is gone; `clean` when the other end has closed it, after everything that it sent. */
  onLost(reason: string, clean: boolean): void;
}

export class Wire {
  readonly #pipe: BytePipe;
  readonly #reader: RecordReader;
  owner: WireOwner | undefined;
  /** False between a write that filled it and the drain. */
  room = true;

  constructor(pipe: BytePipe, owner: WireOwner) {
    this.#pipe = pipe;
    this.owner = owner;
    this.#reader = new RecordReader({
      onData: (slice) => this.owner?.onData(slice),
      onRecord: (type, body) => this.owner?.onRecord(type, body),
      onWrong: (sentence) => this.owner?.onWrong(sentence),
    });
    pipe.start({
      onBytes: (bytes) => this.#reader.push(bytes),
      onDrain: () => {
        this.room = true;
        this.owner?.onDrain();
      },
      onEnd: () => this.owner?.onLost('the other end closed the connection', true),
      onClose: (error) => this.owner?.onLost(error?.message ?? 'the connection was closed', false),
    });
  }

  send(...slices: readonly Buffer[]): void {
    // Sticky: once full, the pipe says when it has drained, whatever a later write (an acknowledgement) returns.
    if (!this.#pipe.write(slices)) this.room = false;
  }

  /** As `BytePipe.soon`. @returns undefined when nobody will call */
  soon(run: () => void): true | undefined {
    return this.#pipe.soon?.(run);
  }

  end(): void {
    this.#pipe.end();
  }

  /** Cuts the connection; nobody hears of it any more. */
  fence(): void {
    this.owner = undefined;
    this.#reader.stop();
    this.#pipe.destroy();
  }

  /** Says a last word, and is gone when the other end has heard it or after a second. */
  farewell(last: Buffer, clock: Clock): void {
    this.owner = undefined;
    this.#reader.stop();
    this.#pipe.write([last]);
    this.#pipe.end();
    const stop = clock.every(lingerMs, () => {
      stop();
      this.#pipe.destroy();
    });
  }
}
