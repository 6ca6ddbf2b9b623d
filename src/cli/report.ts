/**
 * How a failed call is told: one line for people, the problem document for programs, the exit code for the shell.
 *
 * Loaded when something failed, never before.
 */
import type { WormholeError } from '../lib/errors.ts';
import { toProblem } from '../lib/problem.ts';
import { printable } from '../spec/invalid.ts';
import { known, PartialFailure, tell } from './failure.ts';
import type { Flags, Surroundings } from './invocation.ts';
import { print, printJson } from './print.ts';
import type { VerbRow, VerbTable } from './verb-row.ts';

/**
 * Reports `error`, on stdout as JSON or on stderr as text, and answers with its exit code.
 *
 * @throws {OutputError} when the report itself cannot be written
 */
export async function report(
  error: unknown,
  call: FailedCall,
  { stdout, stderr }: Surroundings,
  table: VerbTable,
): Promise<number> {
  const failure = known(error);
  if (call.flags['json'] === true) await printJson(stdout, { ...toProblem(failure), ...more(error) });
  else {
    await tell(failure, stderr, hint(failure, table));
    if (call.verb?.takesSpec) await print(stderr, await drawing(call.words, failure));
  }
  if (call.flags['verbose'] === true) await print(stderr, causes(failure));
  return failure.exitCode;
}

/** The command line that failed, as far as it was understood. */
export interface FailedCall {
  readonly verb?: VerbRow;
  readonly words: readonly string[];
  readonly flags: Flags;
}

/** The spec with a caret under the word that is meant; empty when no word is. */
async function drawing(words: readonly string[], failure: WormholeError): Promise<string> {
  const { renderCaret } = await import('../spec/caret.ts');
  const lines = renderCaret(words, failure);
  return lines === '' ? '' : `${lines.replaceAll(/^/gm, '  ')}\n`;
}

function hint({ code, detail }: WormholeError, table: VerbTable): string[] {
  if (code !== 'WH_ERR_USAGE') return [];
  const verb = typeof detail['verb'] === 'string' ? table.find(detail['verb']) : undefined;
  if (verb === undefined) return ['Try: wormhole help'];
  const operands = verb.operands.replaceAll(/[<>]/g, '');
  return [`Usage: wormhole ${verb.name} [OPTION]... ${operands}`.trimEnd(), `Try: wormhole help ${verb.name}`];
}

function more(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof PartialFailure ? error.members : {};
}

/** The chain of causes, outermost first; the stack of what nobody expected. */
function causes(failure: WormholeError): string {
  const lines: string[] = [];
  const walk = (cause: unknown, depth: number): void => {
    if (cause === undefined || depth > 16) return;
    const text =
      cause instanceof Error ? `${cause.name}: ${cause.message}` : typeof cause === 'string' ? cause : typeof cause;
    lines.push(`${'  '.repeat(depth)}caused by ${printable(text)}`);
    if (cause instanceof AggregateError) for (const one of cause.errors) walk(one, depth + 1);
    if (cause instanceof Error) walk(cause.cause, depth + 1);
  };
  walk(failure.cause, 1);
  const stack = failure.cause instanceof Error ? failure.cause.stack : undefined;
  if (failure.code === 'WH_ERR_INTERNAL' && stack !== undefined) lines.push(stack);
  return lines.map((line) => `${line}\n`).join('');
}
