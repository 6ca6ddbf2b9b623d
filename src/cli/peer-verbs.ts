/** The verbs of other hosts, rows of the table in `verb-table.ts`. */
import type { VerbRow } from './verb-row.ts';

export const peerVerbs: readonly VerbRow[] = [
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
];
