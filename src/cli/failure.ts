/** A failure as verbs handle it: made one of ours, given more to say, told in a line. */
import { errorTable, WormholeError } from '../lib/errors.ts';
import { printable } from '../spec/invalid.ts';
import type { Sink } from './invocation.ts';
import { print } from './print.ts';

/** A failure that has more to say in JSON than its problem, e.g. what had been done before it. */
export class PartialFailure extends WormholeError {
  readonly members: Readonly<Record<string, unknown>>;

  /** @param members added to the problem document, as RFC 9457 §3.2 allows */
  constructor(first: WormholeError, members: Readonly<Record<string, unknown>>) {
    super(first.code, first.message, { cause: first.cause, detail: first.detail });
    this.members = members;
  }
}

/** One line: `wormhole: <title>: <message> [CODE]`, and what helps beneath it. */
export async function tell(failure: WormholeError, stderr: Sink, help: readonly string[] = []): Promise<void> {
  const { title } = errorTable[failure.code];
  const lines = [`wormhole: ${title}: ${printable(failure.message)} [${failure.code}]`, ...help];
  await print(stderr, `${lines.join('\n')}\n`);
}

/** The error as one of ours; a stranger keeps its text, since this is the user's own process. */
export function known(error: unknown): WormholeError {
  if (WormholeError.is(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new WormholeError('WH_ERR_INTERNAL', text, { cause: error });
}
