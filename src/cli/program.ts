/**
 * The whole command line parser: commander, fed from the table of verbs.
 *
 * It neither prints nor exits nor runs a verb; help comes back as text and a mistake as WH_ERR_USAGE, so that a
 * wrong call ends before anything is connected.
 */
import { Command, CommanderError, Option } from 'commander';
import { WormholeError } from '../lib/errors.ts';
import { ownVersion } from '../lib/own-version.ts';
import type { CommandLine } from './command-line.ts';
import { helpFooter, programFooter } from './help-text.ts';
import type { OptionRow, VerbRow, VerbTable } from './verb-row.ts';

/**
 * Parses the words after the program's name.
 *
 * @throws {WormholeError} WH_ERR_USAGE; `detail.verb` names the verb when it is known
 */
export function parse(argv: readonly string[], table: VerbTable): CommandLine {
  if (argv.length === 0) return { kind: 'text', text: helpOf(table) };
  let shown = '';
  let call: CommandLine | undefined;
  const show = (text: string): void => {
    shown += text;
  };
  const root = build(table, show, (row, command) => {
    call = { kind: 'call', verb: row, words: command.args, flags: { ...root.opts(), ...command.opts() } };
  });
  try {
    root.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text: shown };
    throw usageError(error, root);
  }
  if (call === undefined) throw new WormholeError('WH_ERR_USAGE', 'a command is missing');
  return call;
}

/** Help of the program, or of one verb. */
export function helpOf(table: VerbTable, verb?: VerbRow): string {
  const root = build(
    table,
    () => {},
    () => {},
  );
  const command = verb === undefined ? root : root.commands.find((one) => one.name() === verb.name);
  let text = '';
  (command ?? root).configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

function build(
  table: VerbTable,
  show: (text: string) => void,
  onCall: (row: VerbRow, command: Command) => void,
): Command {
  const root = new Command('wormhole');
  const setUp = (command: Command): Command =>
    command
      .exitOverride()
      .configureOutput({ writeOut: show, writeErr: () => {}, getOutHelpWidth: () => 80 })
      .helpOption('-h, --help', 'show help');
  setUp(root)
    .description('Connect any port to any other: inside containers, across hosts, behind NAT, with one sentence.')
    .usage('[OPTION]... COMMAND ...')
    .version(`wormhole ${ownVersion()}`, '-V, --version', 'print the version of this program')
    .enablePositionalOptions()
    .helpCommand(false)
    .configureHelp({
      subcommandTerm: (command) => `${command.name()} ${operandsOf(table.find(command.name()))}`.trim(),
    })
    .addHelpText('after', programFooter);
  for (const row of table.commonOptions) root.addOption(toOption(row));
  for (const { title, row } of rows(table)) {
    const command = setUp(root.command(row.name, row.hidden ? { hidden: true } : {}))
      .helpGroup(title)
      .description(row.summary)
      .addHelpText('after', () => helpFooter(row))
      .addHelpOption(new Option('-h, --help', 'show help').helpGroup(row.takesSpec ? 'Options:' : everyCommand));
    for (const operand of row.operands.split(' ').filter(Boolean)) command.argument(operand);
    for (const option of row.options) command.addOption(toOption(option));
    for (const option of table.commonOptions) {
      command.addOption(
        toOption(option)
          .helpGroup(everyCommand)
          .hideHelp(row.takesSpec === true),
      );
    }
    if (row.alias !== undefined) command.alias(row.alias);
    // Words of a spec may start with a dash; an unknown word is the spec parser's to refuse.
    if (row.takesSpec) command.passThroughOptions().allowUnknownOption();
    command.usage(`[OPTION]... ${operandsOf(row)}`.trim());
    command.action(() => onCall(row, command));
  }
  return root;
}

/** Title of the options that stand with any command. */
const everyCommand = 'Options of every command:';

function rows({ groups }: VerbTable): ReadonlyArray<{ readonly title: string; readonly row: VerbRow }> {
  return groups.flatMap(({ title, verbs }) => verbs.map((row) => ({ title, row })));
}

function toOption(row: OptionRow): Option {
  return new Option(row.flags, row.env === undefined ? row.text : `${row.text}; or ${row.env}`);
}

/** `ID...`, `[HOST]`: operands as usage lines have them. */
function operandsOf(row: VerbRow | undefined): string {
  return (row?.operands ?? '').replaceAll(/[<>]/g, '');
}

function usageError(error: CommanderError, root: Command): WormholeError {
  if (error.code === 'commander.help') return new WormholeError('WH_ERR_USAGE', 'a command is missing');
  const message = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\)$/, '; did you mean $1');
  const verb = root.args[0];
  return new WormholeError('WH_ERR_USAGE', message, {
    detail: verb !== undefined && root.commands.some((one) => one.name() === verb) ? { verb } : {},
  });
}
