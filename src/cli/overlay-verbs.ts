/**
 * The verbs of tunnels between hosts, rows of the table in `verb-table.ts`.
 */
import type { OptionRow, VerbRow } from './verb-row.ts';

/** @param what the container does */
const demoOptions = (what: string): readonly OptionRow[] => [
  { flags: '--demo', text: `show it: ${what}; runs until interrupted, and takes all of it away` },
  { flags: '--demo-image <RUNARGS>', text: 'its image, or more of what docker-run takes (default: busybox)' },
  { flags: '--demo-port <PORT>', text: 'where the page is served (default: 80)' },
];

export const overlayVerbs: readonly VerbRow[] = [
  {
    name: 'tunnel-create',
    operands: '<HOST>',
    summary: 'make an encrypted kernel tunnel to a peer; prints its overlay addresses, LOCAL REMOTE',
    options: [
      { flags: '--udp', text: 'carried in UDP, which passes NAT: IPsec in UDP, or WireGuard' },
      { flags: '--type <TYPE>', text: 'ipsec, wireguard or auto: what both hosts can do, IPsec first (default: auto)' },
      { flags: '--attach <CONTAINER>', text: 'put this end into a container of this host' },
      { flags: '--peer-attach <CONTAINER>', text: 'put the other end into a container of the peer' },
      { flags: '--mtu <N>', text: 'bytes of the largest packet inside (default: what the way leaves room for)' },
    ],
    examples: [
      'wormhole tunnel-create db-host',
      'wormhole tunnel-create --udp db-host',
      'wormhole tunnel-create --type wireguard --attach app --peer-attach db db-host',
    ],
    load: async () => (await import('./verbs/tunnel-create.ts')).tunnelCreate,
  },
  {
    name: 'tunnel-delete',
    operands: '<HOST>',
    summary: 'remove the tunnels to a peer at both ends; this end goes in any case',
    options: [{ flags: '--attach <CONTAINER>', text: 'only the one in this container' }],
    examples: ['wormhole tunnel-delete db-host'],
    load: async () => (await import('./verbs/tunnel-delete.ts')).tunnelDelete,
  },
  {
    name: 'tunnel-list',
    operands: '',
    summary: 'list the tunnels to other hosts',
    options: [],
    examples: ['wormhole tunnel-list', 'wormhole tunnel-list --json | jq -r .tunnels[].remote'],
    load: async () => (await import('./verbs/tunnel-list.ts')).tunnelList,
  },
  {
    name: 'tunnel-gc',
    operands: '',
    summary: 'remove what is left of tunnels that are not whole any more; prints each',
    options: [],
    examples: ['wormhole tunnel-gc'],
    load: async () => (await import('./verbs/tunnel-gc.ts')).tunnelGc,
  },
  {
    name: 'wg-up',
    operands: '',
    summary: 'invite a host that has no key of this one to a WireGuard tunnel; prints a token for it',
    options: [
      {
        flags: '--endpoint <ADDR>',
        text: 'where it reaches this daemon, HOST[:PORT] (default: -E, -I or -H of wormholed)',
      },
      { flags: '--expires <DUR>', text: 'how long the token is good (default: 15m)' },
      { flags: '--attach <CONTAINER>', text: 'its tunnels end in this container of this host, and nowhere else' },
      {
        flags: '--withdraw <ID>',
        text: 'void an invitation instead, as `wormhole peers` lists it; who has come is a stranger',
      },
      ...demoOptions('a container serves a page at this end'),
    ],
    examples: [
      'wormhole wg-up --endpoint gateway.example',
      'wormhole wg-up --attach db | ssh other-host wormhole wg-join --attach app',
      'wormhole wg-up --withdraw invited:0123456789abcdef',
      'wormhole wg-up --demo',
    ],
    foreground: true,
    load: async () => (await import('./verbs/wg-up.ts')).wgUp,
  },
  {
    name: 'wg-join',
    operands: '[FILE]',
    summary: 'take the token of another host, from FILE or stdin, and make the tunnel; prints LOCAL REMOTE',
    options: [
      { flags: '--attach <CONTAINER>', text: 'put this end into a container of this host' },
      { flags: '--mtu <N>', text: 'bytes of the largest packet inside (default: 1420)' },
      ...demoOptions('a container at this end fetches the page of the other one'),
    ],
    examples: ['wormhole wg-join token.txt', 'cat token.txt | wormhole wg-join', 'wormhole wg-join --demo'],
    foreground: true,
    load: async () => (await import('./verbs/wg-join.ts')).wgJoin,
  },
];
