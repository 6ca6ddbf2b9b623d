/**
 * The command line as one static table: the program's options, its verbs, and where each verb's code is.
 *
 * Parser, help, completion and `docs/cli.md` all follow it. It is on the path of every call, so it is data only;
 * a verb's module is loaded when the verb is called.
 */
import { overlayVerbs } from './overlay-verbs.ts';
import { ownVerbs } from './own-verbs.ts';
import { peerVerbs } from './peer-verbs.ts';
import { quicVerbs } from './quic-verbs.ts';
import type { OptionRow, VerbTable } from './verb-row.ts';
import { wormholeVerbs } from './wormhole-verbs.ts';

const commonOptions: readonly OptionRow[] = [
  {
    flags: '-H, --host <ADDR>',
    text: 'ask the daemon at [tcp://]HOST[:PORT] or unix://PATH (default: the local socket)',
    env: 'WORMHOLE_HOST',
  },
  { flags: '-K, --key-file <FILE>', text: 'key that the daemon at ADDR holds too', env: 'WORMHOLE_KEY_FILE' },
  { flags: '--socket <PATH>', text: 'socket of the local daemon', env: 'WORMHOLE_SOCKET' },
  { flags: '--json', text: 'print JSON on stdout, failures included' },
  { flags: '-v, --verbose', text: 'tell more: causes of a failure, connections one by one' },
];

const groups: VerbTable['groups'] = [
  { title: 'Wormholes:', verbs: wormholeVerbs },
  { title: 'Other hosts:', verbs: peerVerbs },
  { title: 'Tunnels between hosts:', verbs: overlayVerbs },
  { title: 'Reverse tunnel over QUIC, without a daemon:', verbs: quicVerbs },
  { title: 'The daemon and this program:', verbs: ownVerbs },
];

const verbs = groups.flatMap((group) => group.verbs);

export const verbTable: VerbTable = {
  groups,
  verbs,
  commonOptions,
  find: (name) => verbs.find((row) => row.name === name || row.alias === name),
};
