/**
 * One run of the program: words in, exit code out.
 *
 * Owns the order of things (understand the whole command line, only then load the verb, only then connect) and
 * the end of each: a result, a reported failure, a reader that has left, an interrupt.
 */
import { Exit, WormholeError } from '../lib/errors.ts';
import { type CommandLine, plainLine } from './command-line.ts';
import { exitCodeOf } from './interrupt.ts';
import type { Flags, Invocation, Surroundings } from './invocation.ts';
import { OutputError, print } from './print.ts';
import type { VerbRow } from './verb-row.ts';
import { verbTable } from './verb-table.ts';
import { whereabouts } from './whereabouts.ts';

/** Shells' code for a program that SIGPIPE ended: 128 + its number. */
const brokenPipe = 141;

/** Runs one command line. Never rejects; the code is for the process to exit with. */
export async function run(surroundings: Surroundings): Promise<number> {
  const { argv, signal, stderr } = surroundings;
  let line: CommandLine | undefined;
  try {
    line = plainLine(argv, verbTable) ?? (await import('./program.ts')).parse(argv, verbTable);
    return await obey(line, surroundings);
  } catch (error) {
    if (signal.aborted) return exitCodeOf(signal);
    const call = line?.kind === 'call' ? line : { words: [], flags: guessedFlags(argv) };
    try {
      if (error instanceof OutputError) throw error;
      return await (await import('./report.ts')).report(error, call, surroundings, verbTable);
    } catch (outputError) {
      if (outputError instanceof OutputError && outputError.readerLeft) return brokenPipe;
      const text = outputError instanceof Error ? outputError.message : String(outputError);
      await print(stderr, `wormhole: ${text}\n`).catch(() => {});
      return Exit.io;
    }
  }
}

async function obey(line: CommandLine, surroundings: Surroundings): Promise<number> {
  if (line.kind === 'text') {
    await print(surroundings.stdout, line.text);
    return Exit.ok;
  }
  const { words, flags } = line;
  refuseEmpty(line.verb, words);
  const where = whereabouts(flags, surroundings.env);
  const call: Invocation = {
    words,
    flags,
    json: flags['json'] === true,
    verbose: flags['verbose'] === true,
    whereabouts: where,
    surroundings,
    open: () => surroundings.connect({ ...where, signal: surroundings.signal }),
  };
  const verb = await line.verb.load(verbTable);
  const code = await verb(call);
  const { signal } = surroundings;
  return signal.aborted && line.verb.foreground !== true ? exitCodeOf(signal) : code;
}

/** An empty operand is what an unset shell variable leaves behind. @throws {WormholeError} WH_ERR_USAGE naming it */
function refuseEmpty({ name, operands, takesSpec }: VerbRow, words: readonly string[]): void {
  const at = takesSpec === true ? -1 : words.indexOf('');
  if (at < 0) return;
  const names = operands.replaceAll(/[^A-Z ]/g, '').split(' ');
  const missing = names[at] ?? names.at(-1);
  throw new WormholeError('WH_ERR_USAGE', `${missing} is empty; is a shell variable unset?`, {
    detail: { verb: name },
  });
}

/** How a command line that was not understood wants its failure: it may still have said so. */
function guessedFlags(argv: readonly string[]): Flags {
  return { json: argv.includes('--json'), verbose: argv.includes('-v') || argv.includes('--verbose') };
}
