/**
 * Writing text: every byte the program prints goes through here and is awaited, so that the process neither
 * ends before its output is out nor misses that nobody reads it any more.
 */
import type { Sink } from './invocation.ts';

/** Writes `text`. Rejects with the stream's own error, e.g. EPIPE when the reader has left. */
export function print(sink: Sink, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.write(text, (error) => {
      if (error) reject(new OutputError(error));
      else resolve();
    });
  });
}

/** Writes `value` as one JSON document. */
export function printJson(sink: Sink, value: unknown): Promise<void> {
  return print(sink, `${JSON.stringify(value, null, 2)}\n`);
}

/** The output cannot be written: no failure of the daemon's, and nothing that could be told on that output. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  /** True when the reader has closed its end, which is its good right. */
  readonly readerLeft: boolean;

  constructor(cause: Error) {
    super(`cannot write the output: ${cause.message}`, { cause });
    const code = 'code' in cause ? cause.code : undefined;
    this.readerLeft = code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
  }
}
