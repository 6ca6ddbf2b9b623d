/** The verbs of wormholes on one host, rows of the table in `verb-table.ts`. */
import type { VerbRow } from './verb-row.ts';

export const wormholeVerbs: readonly VerbRow[] = [
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
    name: 'explain',
    operands: '<SPEC...>',
    summary: 'tell what a spec would do, touching nothing and asking nobody',
    options: [],
    examples: ['wormhole explain url :3306 docker-ns db'],
    takesSpec: true,
    load: async () => (await import('./verbs/explain.ts')).explainVerb,
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
    name: 'stats',
    operands: '[ID]',
    summary: 'count connections, bytes and dial times',
    options: [],
    examples: ['wormhole stats', 'wormhole stats brave-otter'],
    load: async () => (await import('./verbs/stats.ts')).stats,
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
];
