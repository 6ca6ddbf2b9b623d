/**
 * An unfinished command line, for completion: what stands before the cursor, judged by the verb table.
 *
 * More forgiving than the parser: what it does not know, it steps over.
 */
import { camelCase } from './camel-case.ts';
import type { Flags } from './invocation.ts';
import type { OptionRow, VerbRow, VerbTable } from './verb-row.ts';

export interface PartialLine {
  readonly flags: Flags;
  readonly verb?: VerbRow;
  /** Operands before the cursor. */
  readonly operands: readonly string[];
  /** The word under the cursor, as far as typed. */
  readonly current: string;
  /** The option whose argument the cursor is in. */
  readonly argumentOf?: OptionRow;
  /** False where a dash begins an operand: among the words of a spec, or after `--`. */
  readonly optionsAllowed: boolean;
}

/** Reads the words after the program's name; the last is the one under the cursor. */
export function partialLine(words: readonly string[], table: VerbTable): PartialLine {
  const flags: Record<string, string | boolean> = {};
  const operands: string[] = [];
  let verb: VerbRow | undefined;
  let argumentOf: OptionRow | undefined;
  let optionsAllowed = true;
  for (const word of words.slice(0, -1)) {
    if (argumentOf !== undefined) {
      flags[nameOf(argumentOf)] = word;
      argumentOf = undefined;
    } else if (optionsAllowed && word === '--') optionsAllowed = false;
    else if (optionsAllowed && word.startsWith('-') && word !== '-') {
      const [spelling = '', value] = word.split('=', 2);
      const option = optionsOf(verb, table).find((row) => spellings(row).includes(spelling));
      if (option === undefined) continue;
      if (!takesArgument(option)) flags[nameOf(option)] = true;
      else if (value === undefined) argumentOf = option;
      else flags[nameOf(option)] = value;
    } else if (verb === undefined) verb = table.find(word);
    else {
      operands.push(word);
      if (verb.takesSpec) optionsAllowed = false;
    }
  }
  return {
    flags,
    operands,
    current: words.at(-1) ?? '',
    optionsAllowed,
    ...(verb !== undefined && { verb }),
    ...(argumentOf !== undefined && { argumentOf }),
  };
}

/** Options that may stand here: the verb's and the common ones. */
export function optionsOf(verb: VerbRow | undefined, table: VerbTable): readonly OptionRow[] {
  return [...(verb?.options ?? []), ...table.commonOptions];
}

/** `-H, --host <ADDR>` as `['-H', '--host']`. */
export function spellings(row: OptionRow): readonly string[] {
  return row.flags.split(/[ ,]+/).filter((part) => part.startsWith('-'));
}

export function takesArgument(row: OptionRow): boolean {
  return row.flags.includes('<');
}

function nameOf(row: OptionRow): string {
  return camelCase(spellings(row).at(-1) ?? '');
}
