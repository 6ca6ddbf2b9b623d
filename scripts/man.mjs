/**
 * Writes the manual pages wormhole(1) and wormholed(8) below a folder, out of the tables that help comes from.
 *
 *   node scripts/man.mjs DIR      DIR/man1/wormhole.1, DIR/man8/wormholed.8; needs a build
 *
 * In the macros of man(7), and without a date: the same sources make the same pages.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { vocabularyHelp } from '../dist/cli/spec-vocabulary.js';
import { verbTable } from '../dist/cli/verb-table.js';
import { optionsOf } from '../dist/daemon/config/options.js';
import { helpRows } from '../dist/daemon/config/print.js';
import { loadSchemas } from '../dist/daemon/schema/schema.js';
import { errorTable } from '../dist/lib/errors.js';
import { ownVersion } from '../dist/lib/own-version.js';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: node scripts/man.mjs DIR');

/** What stands within a line: a dash can be copied. */
const inside = (text) => text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
/** Lines of text: none of them is a request. */
const plain = (text) => inside(text).replaceAll(/^([.'])/gm, '\\&$1');
const bold = (text) => `\\fB${inside(text)}\\fR`;
/** Names in bold, what stands for something else in italics: `-H, --host <ADDR>`, `[ID...]`. */
const shaped = (text) =>
  text
    .split(/([A-Z][A-Z-]*|[<>[\],.=| ]+)/)
    .map((part) => {
      if (/^[A-Z]/.test(part)) return `\\fI${inside(part)}\\fR`;
      return /^[<>[\],.=| ]*$/.test(part) ? inside(part.replaceAll(/[<>]/g, '')) : bold(part);
    })
    .join('');
const tagged = (tag, text) => `.TP\n${tag}\n${plain(text)}\n`;
const literal = (text) => `.PP\n.nf\n${plain(text)}\n.fi\n`;
const variable = ({ env }) => (env === undefined ? '' : `; or ${env}`);
const option = (row) => tagged(shaped(row.flags), `${row.text}${variable(row)}`);

function command({ name, alias, operands, summary, options, examples }) {
  const operandsPart = operands === '' ? '' : ` ${shaped(operands)}`;
  const also = alias === undefined ? '' : `, also called ${alias}`;
  const rows = options.length === 0 ? '' : `.RS\n${options.map(option).join('')}.RE\n`;
  const shown = examples.length === 0 ? '' : `.RS\n${literal(examples.join('\n'))}.RE\n`;
  return `.TP\n${bold(name)}${operandsPart}\n${plain(`${summary}${also}`)}\n${rows}${shown}`;
}

/** Exit codes, each with what it is for. */
function exitStatus() {
  const titles = new Map();
  for (const { exit, title } of Object.values(errorTable)) titles.set(exit, [...(titles.get(exit) ?? []), title]);
  const codes = [...titles].sort(([a], [b]) => a - b);
  return tagged('0', 'done') + codes.map(([code, all]) => tagged(String(code), all.join('; '))).join('');
}

const header = (name, section, title) =>
  `.\\" Made by scripts/man.mjs of the tables that help comes from.\n.TH ${name.toUpperCase()} ${section} "" "wormhole ${ownVersion()}" "${title}"\n`;
const groups = verbTable.groups
  .map(({ title, verbs }) => ({ title, verbs: verbs.filter(({ hidden }) => !hidden) }))
  .map(({ title, verbs }) => `.SS ${plain(title.replace(/:$/, ''))}\n${verbs.map(command).join('')}`)
  .join('');

const wormhole = `${header('wormhole', 1, 'User Commands')}.SH NAME
wormhole \\- connect any port to any other
.SH SYNOPSIS
.B wormhole
.RI [ OPTION "]... " COMMAND " ..."
.SH DESCRIPTION
Connects any port to any other: inside containers, across hosts, behind NAT, with one sentence. Asks
.BR wormholed (8),
through its local socket unless told otherwise; a few commands need no daemon.
.PP
.B wormhole help
.I COMMAND
says more of each.
.SH OPTIONS
Of every command, before or after its name.
${verbTable.commonOptions.map(option).join('')}.SH COMMANDS
${groups}.SH "THE SPEC LANGUAGE"
${literal(vocabularyHelp())}.SH "EXIT STATUS"
${exitStatus()}.SH ENVIRONMENT
${verbTable.commonOptions
  .filter(({ env }) => env !== undefined)
  .map(({ env, flags }) => tagged(bold(env), `as ${flags.replaceAll(/[<>]/g, '')}`))
  .join('')}${tagged(bold('NO_COLOR'), 'no colours')}.SH FILES
${tagged('\\fI/run/wormhole/wormhole.sock\\fR', 'the socket of the local daemon')}${tagged('\\fI/etc/wormhole/key.secret\\fR', 'the key that a daemon on another host holds too')}.SH "SEE ALSO"
.BR wormholed (8)
`;

const option8 = ({ flag, key, metavar, text, env }) => {
  const long = metavar === undefined ? `--${key}` : `--${key} ${metavar}`;
  return tagged(shaped(flag === undefined ? long : `-${flag}, ${long}`), `${text}${variable({ env })}`);
};
const settings = optionsOf(loadSchemas().config);
const rows8 = helpRows(settings);

const wormholed = `${header('wormholed', 8, 'System Administration')}.SH NAME
wormholed \\- the daemon of wormhole
.SH SYNOPSIS
.B wormholed
.RI [ OPTION ]...
.SH DESCRIPTION
Owns the sockets of all wormholes on this machine;
.BR wormhole (1)
talks to it. An option wins over its variable, that over the file.
.SH OPTIONS
${rows8.map(option8).join('')}.SH "IN THE FILE ONLY"
${settings
  .filter(({ fileOnly }) => fileOnly)
  .map(({ key, description }) => tagged(bold(key), description))
  .join('')}.SH SIGNALS
${tagged('SIGTERM, SIGINT', 'takes no more connections, lets the living ones end, and goes; again: now')}.SH FILES
${tagged('\\fI/etc/wormhole/wormholed.yaml\\fR', 'the settings, where the unit of systemd names it')}${settings
  .filter(({ fallback }) => typeof fallback === 'string' && fallback.startsWith('/'))
  .map(({ fallback, description }) => tagged(`\\fI${plain(fallback)}\\fR`, description))
  .join('')}.SH "SEE ALSO"
.BR wormhole (1)
`;

for (const [section, name, page] of [
  [1, 'wormhole', wormhole],
  [8, 'wormholed', wormholed],
]) {
  const folder = resolve(directory, `man${section}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.${section}`, page);
}
