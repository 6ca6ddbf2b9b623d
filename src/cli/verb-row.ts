/** The table of verbs as parser, help, completion and `docs/cli.md` know it; what stands in it is in `verb-table.ts`. */
import type { Verb } from './invocation.ts';

export interface OptionRow {
  /** In commander's notation, e.g. `-H, --host <ADDR>`. */
  readonly flags: string;
  readonly text: string;
  /** Variable that is asked when the option is not given. */
  readonly env?: string;
}

export interface VerbRow {
  readonly name: string;
  readonly alias?: string;
  /** In commander's notation: `<ID...>` one or more, `[ID]` none or one. */
  readonly operands: string;
  readonly summary: string;
  readonly options: readonly OptionRow[];
  readonly examples: readonly string[];
  /** The operands are the words of a spec: whatever follows the first of them is one too, dashes or not. */
  readonly takesSpec?: true;
  readonly hidden?: true;
  /** Runs until it is interrupted, and that is its ordinary end. */
  readonly foreground?: true;
  /** @param table that this row is of, for verbs that tell of others */
  readonly load: (table: VerbTable) => Promise<Verb>;
}

export interface VerbTable {
  /** As help shows them, under their titles. */
  readonly groups: ReadonlyArray<{ readonly title: string; readonly verbs: readonly VerbRow[] }>;
  readonly verbs: readonly VerbRow[];
  /** Options that every verb takes, before or after the verb's name. */
  readonly commonOptions: readonly OptionRow[];
  /** By its name or its alias. */
  readonly find: (name: string) => VerbRow | undefined;
}
