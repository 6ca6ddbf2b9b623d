/**
 * The command line as one static table: the program's options, its verbs, and where each verb's code is.
 *
 * Parser, help, completion and `docs/cli.md` all follow it. It is on the path of every call, so it is data only;
 * a verb's module is loaded when the verb is called.
 */
import type { Verb } from './invocation.ts';
import { tunnelVerbs } from './tunnel-verbs.ts';

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

/** Options that every verb takes, before or after the verb's name. */
export const commonOptions: readonly OptionRow[] = [
  {
    flags: '-H, --host <ADDR>',
    text: 'ask the daemon at [tcp://]HOST[:PORT] or unix://PATH (default: the local socket)',
    env: 'WORMHOLE_HOST',
  },
  { flags: '-K, --key-file <FILE>', text: 'key that the daemon at ADDR holds too', env: 'WORMHOLE_KEY_FILE' },
  { flags: '--socket <PATH>', text: 'socket of the local daemon', env: 'WORMHOLE_SOCKET' },
  { flags: '--json', text: 'print JSON on stdout, failures included' },
  { flags: '-v, --verbose', text: 'tell the causes of a failure' },
];

export const verbs: readonly VerbRow[] = [
  {
    name: 'ping',
    operands: '[HOST...]',
    summary: 'measure the way to the daemon, or through it to a peer, in ms',
    options: [{ flags: '--tunnel', text: 'through the tunnel to HOST instead: time and largest packet' }],
    examples: ['wormhole ping', 'wormhole ping gateway laptop', 'wormhole ping --tunnel db-host'],
    load: async () => (await import('./verbs/ping.ts')).ping,
  },
  {
    name: 'create',
    operands: '<SPEC...>',
    summary: 'create a wormhole; prints its ID and URL',
    options: [],
    examples: [
      'wormhole create url :3306 docker-ns db',
      'wormhole create url :3306 docker-ns app tail docker-ns db',
      'wormhole create id web url 0.0.0.0:80 max-conns 999 tail url 10.0.0.7:8080',
    ],
    takesSpec: true,
    load: async () => (await import('./verbs/create.ts')).create,
  },
  {
    name: 'delete',
    operands: '<ID...>',
    summary: 'delete wormholes; their connections may end in peace',
    options: [
      { flags: '--now', text: 'close their connections too' },
      { flags: '--ignore-missing', text: 'an unknown ID is no failure' },
    ],
    examples: ['wormhole delete brave-otter', 'wormhole ls -q | xargs wormhole delete --now'],
    load: async () => (await import('./verbs/delete.ts')).deleteVerb,
  },
  {
    name: 'ls',
    alias: 'list',
    operands: '',
    summary: 'list the wormholes',
    options: [{ flags: '-q, --quiet', text: 'print the IDs only' }],
    examples: ['wormhole ls', 'wormhole ls --json | jq -r .wormholes[].url'],
    load: async () => (await import('./verbs/ls.ts')).ls,
  },
  {
    name: 'inspect',
    operands: '<ID>',
    summary: 'show all of one wormhole: state, spec, counters, plan',
    options: [],
    examples: ['wormhole inspect brave-otter'],
    load: async () => (await import('./verbs/inspect.ts')).inspect,
  },
  {
    name: 'explain',
    operands: '<SPEC...>',
    summary: 'tell what a spec would do, touching nothing and asking nobody',
    options: [],
    examples: ['wormhole explain url :3306 docker-ns db'],
    takesSpec: true,
    load: async () => (await import('./verbs/explain.ts')).explainVerb,
  },
  {
    name: 'compose',
    operands: '<FILE> [SERVICE...]',
    summary: 'make the services of a compose file start when somebody connects',
    options: [
      { flags: '--apply', text: 'create the wormholes, all of them or none; else they are printed' },
      { flags: '--idle <DUR>', text: 'stop a service after this long without a connection, or never (default: 15m)' },
      { flags: '--project <NAME>', text: 'name of the project (default: as compose chooses it)' },
      { flags: '--bind <IP>', text: 'address for published ports that name none (default: 127.0.0.1)' },
      { flags: '--run-dir <DIR>', text: 'directory of the sockets between services (default: /run/wormhole)' },
    ],
    examples: ['wormhole compose docker-compose.yml', 'wormhole compose --apply --idle 1h compose.yaml web'],
    load: async () => (await import('./verbs/compose.ts')).compose,
  },
  {
    name: 'peers',
    operands: '',
    summary: 'list the daemons on other hosts that this one knows',
    options: [],
    examples: ['wormhole peers', 'wormhole peers --json | jq -r .peers[].name'],
    load: async () => (await import('./verbs/peers.ts')).peers,
  },
  {
    name: 'join',
    operands: '<HOST>',
    summary: 'dial a peer and stay linked, so that it can reach this host by name',
    options: [
      { flags: '--as <NAME>', text: 'name to be known by there (default: the name of this daemon)' },
      { flags: '--background', text: 'return at once; the link is made as soon as it can be' },
    ],
    examples: ['wormhole join gateway.example', 'wormhole join gateway.example:9999 --as laptop'],
    load: async () => (await import('./verbs/join.ts')).join,
  },
  {
    name: 'leave',
    operands: '<NAME>',
    summary: 'stay linked no longer with a peer that was joined',
    options: [],
    examples: ['wormhole leave gateway.example'],
    load: async () => (await import('./verbs/leave.ts')).leave,
  },
  {
    name: 'kick',
    operands: '<NAME>',
    summary: 'drop the connection to a peer; another one goes on where it was, and nothing is lost',
    options: [],
    examples: ['wormhole kick db-host'],
    load: async () => (await import('./verbs/kick.ts')).kick,
  },
  {
    name: 'forward',
    operands: '',
    summary: 'forward ports through a daemon elsewhere, without one here; runs until interrupted',
    options: [
      { flags: '-t, --target <ADDR>', text: 'the daemon at HOST[:PORT] (default: that of -H)' },
      {
        flags: '-c, --connection <SPEC...>',
        text: '[[BIND:]PORT:][HOST:]PORT: a port here that leads to HOST:PORT there',
      },
      {
        flags: '-R, --reverse <SPEC...>',
        text: 'the same the other way: a port there that leads to HOST:PORT from here',
      },
      { flags: '--bind <IP>', text: 'listen on this address for -c (default: 127.0.0.1)' },
      { flags: '--as <NAME>', text: 'the key is that of NAME, not the common one' },
      { flags: '--resume <DUR>', text: 'outlive a lost network or daemon for this long (default: 30s)' },
      { flags: '--retry', text: 'never give up, from the first attempt on' },
      { flags: '--retry-interval <DUR>', text: 'longest pause between attempts (default: 5s)' },
      { flags: '--drain <DUR>', text: 'let connections end for this long when interrupted (default: 10s)' },
      { flags: '-q, --quiet', text: 'tell failures only' },
    ],
    examples: [
      'wormhole forward -t db-host -c 3306:container/mysql:3306',
      'wormhole forward -t docker:18000 -c 10001:172.18.0.1:2375 -c 8080:whoami:80',
      'wormhole forward -t public-host -R 0.0.0.0:8080:localhost:3000',
    ],
    foreground: true,
    load: async () => (await import('./verbs/forward.ts')).forwardVerb,
  },
  {
    name: 'stats',
    operands: '[ID]',
    summary: 'count connections, bytes and dial times',
    options: [],
    examples: ['wormhole stats', 'wormhole stats brave-otter'],
    load: async () => (await import('./verbs/stats.ts')).stats,
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
  ...tunnelVerbs,
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
    load: async () => (await import('./verbs/help.ts')).help,
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
    load: async () => (await import('./verbs/complete.ts')).complete,
  },
];

/** Finds a verb by its name or its alias. */
export function findVerb(name: string): VerbRow | undefined {
  return verbs.find((row) => row.name === name || row.alias === name);
}
