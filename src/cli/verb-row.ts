/** A row of the table of verbs (`verb-table.ts`): what parser, help, completion and `docs/cli.md` know of a verb. */
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
  readonly load: () => Promise<Verb>;
}
