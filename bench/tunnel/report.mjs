/** The figures of tunnels as a table, each against what it must reach. */
import { figure, table } from '../report.mjs';
import { median } from '../verdict.mjs';

/** @typedef {import('./row.mjs').Measured} Measured */
/** @typedef {import('./run.mjs').RowName} RowName */
/**
 * @typedef {object} Result
 * @property {number} rounds
 * @property {number} seconds
 * @property {number} mbit
 * @property {number | undefined} guestMbit
 * @property {number} tunnels
 * @property {boolean} partial
 * @property {boolean} kernel this one has WireGuard
 * @property {import('../machine.mjs').Machine} machine
 * @property {Record<string, string>} versions
 * @property {number} minutes
 * @property {string | undefined} withoutGuest why there was no virtual machine
 * @property {Partial<Record<RowName, Measured>>} found
 * @property {readonly string[]} failed
 */

const judge = (/** @type {boolean} */ reached) => (reached ? 'PASS' : 'SHORT');

/** @param {Measured} measured @param {string} name */
const middle = ({ samples }, name) => median(samples.map((one) => one[name] ?? Number.NaN));

/** @param {Result} result @returns {string} */
export function toMarkdown({ machine, versions, minutes, withoutGuest, found, failed, ...options }) {
  const { rounds, seconds, mbit, tunnels, partial, kernel } = options;
  const here = kernel ? "the kernel's WireGuard" : 'wireguard-go';
  const guest = found.ipsec ?? found.wireguard;
  const rows = [
    ...bulkRows(`${here}, path of ${mbit} Mbit/s`, found.bulk),
    ...bulkRows("the kernel's IPsec, virtual machine", found.ipsec),
    ...bulkRows("the kernel's WireGuard, virtual machine", found.wireguard),
    ...setUpRows(found['set-up']),
    ...manyRows(found.many, tunnels),
  ];
  const parts = [
    '# Tunnels',
    `Written by \`make bench-tunnel\`${partial ? ' (a partial run: a look, not a result)' : ''}. Medians of ${rounds} round${rounds === 1 ? '' : 's'}, ` +
      `${seconds} s of bytes each, ${minutes.toFixed(1)} minutes in all. Network namespaces stand for the hosts; each group of rows has a world of its own.`,
    [
      `* ${machine.date} UTC · ${machine.system} · kernel ${machine.kernel} · ${machine.cores} × ${machine.cpu} · ${machine.memoryGb} GB`,
      ...(guest === undefined
        ? []
        : [`* virtual machine: QEMU without KVM, kernel ${guest.kernel} · 2 processors, both emulated`]),
      ...(withoutGuest === undefined ? [] : [`* no virtual machine, so no tunnels of its kernel: ${withoutGuest}`]),
      `* load average before the run: ${machine.load.join(' ')}`,
      `* ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(' · ')}`,
      ...failed.map((line) => `* not measured: ${line}`),
    ].join('\n'),
    table(['', 'value', 'must', ''], rows),
    notes(here, options.guestMbit),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** @param {string} what @param {Measured | undefined} measured */
function bulkRows(what, measured) {
  if (measured === undefined) return [];
  const [byHand, wormhole] = [middle(measured, 'byHand'), middle(measured, 'wormhole')];
  const ratio = wormhole / byHand;
  return [
    [`${what}: by hand, Mbit/s`, figure(byHand, 1), '', ''],
    ['`create url … tunnel`, Mbit/s', figure(wormhole, 1), '', ''],
    ['the latter : the former', figure(ratio, 3), '≥ 0.95', judge(ratio >= 0.95)],
  ];
}

/** @param {Measured | undefined} measured */
function setUpRows(measured) {
  if (measured === undefined) return [];
  const [trips, again, first] = ['trips', 'again10', 'first10'].map((name) => middle(measured, name));
  return [
    ['set-up over 20 ms, linked: ms', figure(again, 0), '≤ 150', judge((again ?? Number.NaN) <= 150)],
    ['set-up, linked: round trips', figure(trips, 1), '≤ 4', judge((trips ?? Number.NaN) < 4.5)],
    ['the first one of two daemons, over 20 ms, with its link: ms', figure(first, 0), '', ''],
  ];
}

/** @param {Measured | undefined} measured @param {number} tunnels */
function manyRows(measured, tunnels) {
  if (measured === undefined) return [];
  const value = (/** @type {string} */ name) => middle(measured, name);
  const [made, listed] = [value('lastMs') / value('firstMs'), value('lastListMs') / value('firstListMs')];
  return [
    [`${tunnels} tunnels: to make one of the last tenth, ms`, figure(value('lastMs'), 1), '', ''],
    ['the same : the first tenth', figure(made, 2), '≤ 2', judge(made <= 2)],
    ['to list them, ms each', figure(value('lastListMs'), 2), '', ''],
    ['the same : a tenth of them', figure(listed, 2), '≤ 2', judge(listed <= 2)],
    ['memory of the daemon, KiB each', figure(value('rssKib'), 1), '≤ 100', judge(value('rssKib') <= 100)],
    ['the same, of JavaScript alone', figure(value('heapKib'), 1), '', ''],
    ['memory of the link that each has, KiB', figure(value('linkKib'), 1), '', ''],
    ['programs beside the daemon, KiB in all', figure(value('besideKib'), 0), '', ''],
  ];
}

/** @param {string} here @param {number | undefined} guestMbit */
function notes(here, guestMbit) {
  const between = guestMbit === undefined ? 'a cable' : `a path of ${guestMbit} Mbit/s`;
  return [
    '* bytes: iperf3 from the far host to the near one, in turns, each tunnel alone on the hosts; by hand: `ip xfrm` (AES-GCM, 256 bits),',
    `  \`wg\` and \`ip\`. With ${here} the path is capped below what the processor encrypts; in the virtual machine it is ${between}.`,
    '  A first round there does not count: emulated processors take some twenty times as long, also to compile JavaScript.',
    '* set-up: one call of `POST /v1/tunnels`. Round trips: what the quickest of five takes longer when each takes 200 ms longer, by 200 ms.',
    '* many: real daemons, one for each tunnel, in a network of its own, and one that has all tunnels. Memory: what its process grew by between a',
    '  tenth and all, after a collection of garbage; all were linked before.',
  ].join('\n');
}
