/** The verbs of the daemon itself and of this program, rows of the table in `verb-table.ts`. */
import type { VerbRow } from './verb-row.ts';

export const ownVerbs: readonly VerbRow[] = [
  {
    name: 'ping',
    operands: '[HOST...]',
    summary: 'measure the way to the daemon, or through it to a peer, in ms',
    options: [{ flags: '--tunnel', text: 'through the tunnel to HOST instead: time and largest packet' }],
    examples: ['wormhole ping', 'wormhole ping gateway laptop', 'wormhole ping --tunnel db-host'],
    load: async () => (await import('./verbs/ping.ts')).ping,
  },
  {
    name: 'logs',
    operands: '[ID]',
    summary: "show the daemon's recent log, of one wormhole or of all",
    options: [{ flags: '-f, --follow', text: 'go on with new lines until interrupted' }],
    examples: ['wormhole logs', 'wormhole logs -f brave-otter'],
    load: async () => (await import('./verbs/logs.ts')).logs,
  },
  {
    name: 'doctor',
    operands: '',
    summary: 'check this machine, the key and the daemon; each trouble with its remedy',
    options: [],
    examples: ['wormhole doctor', 'sudo wormhole doctor --json'],
    load: async () => (await import('./verbs/doctor.ts')).doctor,
  },
  {
    name: 'version',
    operands: '',
    summary: 'print the versions of this program and of the daemon',
    options: [],
    examples: ['wormhole version'],
    load: async () => (await import('./verbs/version.ts')).version,
  },
  {
    name: 'help',
    operands: '[CMD]',
    summary: 'explain the program or one of its commands',
    options: [],
    examples: ['wormhole help create'],
    load: async (table) => (await import('./verbs/help.ts')).helpWith(table),
  },
  {
    name: 'completion',
    operands: '<SHELL>',
    summary: 'print the completion script of bash, zsh or fish',
    options: [],
    examples: ['source <(wormhole completion bash)', 'wormhole completion fish | source'],
    load: async () => (await import('./verbs/completion.ts')).completion,
  },
  {
    name: '__complete',
    operands: '[WORD...]',
    summary: 'print the words that may stand in place of the last one',
    options: [],
    examples: [],
    takesSpec: true,
    hidden: true,
    load: async (table) => (await import('./verbs/complete.ts')).completeWith(table),
  },
];
