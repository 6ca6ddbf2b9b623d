/**
 * Cuts bytes into records. Data is passed on in place, as it comes; the small rest is gathered whole.
 */
import { maxControlBody, RecordType, recordHeaderBytes } from './record.ts';

export interface RecordSink {
  onData(slice: Buffer): void;
  onRecord(type: number, body: Buffer): void;
  /** The bytes are no records; nothing more is read. */
  onWrong(sentence: string): void;
}

export class RecordReader {
  readonly #sink: RecordSink;
  /** The header, then the body, of what is being gathered. */
  #gathered: Buffer = Buffer.alloc(recordHeaderBytes);
  #have = 0;
  /** 0 while a header is gathered. */
  #type = 0;
  #dataLeft = 0;
  #stopped = false;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  stop(): void {
    this.#stopped = true;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#stopped; ) {
      if (this.#dataLeft > 0) {
        const take = Math.min(this.#dataLeft, chunk.length - at);
        this.#dataLeft -= take;
        const slice = take === chunk.length ? chunk : chunk.subarray(at, at + take);
        at += take;
        this.#sink.onData(slice);
      } else {
        const take = Math.min(this.#gathered.length - this.#have, chunk.length - at);
        chunk.copy(this.#gathered, this.#have, at, at + take);
        this.#have += take;
        at += take;
        if (this.#have === this.#gathered.length) this.#whole();
      }
    }
  }

  #whole(): void {
    const body = this.#gathered;
    const type = this.#type;
    if (type !== 0) {
      this.#expectHeader();
      this.#sink.onRecord(type, body);
      return;
    }
    const header = body.readUInt32BE(0);
    const length = header & 0xff_ffff;
    this.#have = 0;
    const next = header >>> 24;
    if (next === RecordType.data) {
      this.#dataLeft = length;
    } else if (length > maxControlBody || next === 0) {
      this.#stopped = true;
      this.#sink.onWrong(`sent a record of type ${next} with ${length} bytes`);
    } else if (length === 0) {
      this.#sink.onRecord(next, Buffer.alloc(0));
    } else {
      this.#type = next;
      this.#gathered = Buffer.alloc(length);
    }
  }

  #expectHeader(): void {
    this.#type = 0;
    this.#have = 0;
    this.#gathered = Buffer.alloc(recordHeaderBytes);
  }
}
