/**
 * The figures as tables: Markdown that also reads well in a terminal, and JSON with every single sample.
 */
import { slicesOf } from './slices.mjs';

/** @typedef {import('./verdict.mjs').Judged} Judged */
/** @typedef {import('./startup.mjs').Startup} Startup */
/** @typedef {import('./on-demand/measure.mjs').OnDemand} OnDemand */
/**
 * @typedef {object} Result
 * @property {import('./machine.mjs').Machine} machine
 * @property {Record<string, string>} versions
 * @property {import('./options.mjs').Options} options
 * @property {readonly string[]} contenders
 * @property {readonly string[]} references contenders that are no bar to pass
 * @property {readonly Judged[]} judged
 * @property {Startup | undefined} startup
 * @property {OnDemand | undefined} onDemand
 * @property {readonly import('./verdict.mjs').Sample[]} samples
 * @property {number} minutes that the run took
 */

/** @param {Result} result @returns {string} */
export function toMarkdown(result) {
  const { machine, versions, options, contenders, references, judged, startup, onDemand, minutes } = result;
  const parts = [
    '# Benchmark results',
    `Written by \`make bench\`${options.partial ? ' (a partial run: a look, not a result)' : ''}. Medians of ${options.rounds} ` +
      `round${options.rounds === 1 ? '' : 's'}, ${options.seconds} s per measurement in slices of ${slicesOf(options.seconds).seconds.toFixed(1)} s ` +
      `that the programs take in turn (a round's figure is the median of its slices), ${minutes.toFixed(1)} minutes in all; ` +
      'everything ran in one network namespace of its own, over its loopback.',
    [
      `* ${machine.date} UTC · ${machine.system} · kernel ${machine.kernel} · ${machine.cores} × ${machine.cpu} · ${machine.memoryGb} GB`,
      `* load average before the run: ${machine.load.join(' ')}`,
      `* ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(' · ')}`,
    ].join('\n'),
  ];
  if (judged.length > 0) parts.push(mainTable({ judged, contenders, subject: options.subject }), notes(references));
  const across = acrossTable(result);
  if (across !== '') parts.push('## The target in another network namespace', across);
  if (startup !== undefined) parts.push('## Starting', startupTable(startup));
  if (onDemand !== undefined) parts.push('## Starting on demand', onDemandTable(onDemand));
  return `${parts.join('\n\n')}\n`;
}

/** @param {{ judged: readonly Judged[], contenders: readonly string[], subject: string }} result */
export function mainTable({ judged, contenders, subject }) {
  const names = contenders.filter((name) => !name.endsWith('-ns'));
  return table(
    ['', ...names, `${subject} : best peer`, 'must', ''],
    judged
      .filter(telling)
      .map(({ row, medians, best, ratio, verdict, reason }) => [
        row.title,
        ...names.map((name) => figure(medians[name], row.digits)),
        ratio === undefined ? '' : `${figure(ratio, 3)} (${best})`,
        demand(row),
        reason === '' ? verdict : `${verdict}: ${reason}`,
      ]),
  );
}

/** @param {Judged} judged a line of nothing but zero errors tells nothing */
function telling({ row, medians }) {
  return row.field !== 'errors' || Object.values(medians).some((count) => count > 0);
}

/** @param {import('./verdict.mjs').Row} row */
function demand({ better, need, limit, lossless }) {
  if (limit !== undefined) return `≤ ${limit}`;
  if (need === undefined) return lossless === true ? 'no loss' : '';
  return `${better === 'less' ? '≤' : '≥'} ${need.toFixed(1)}${lossless === true ? ', no loss' : ''}`;
}

/** @param {Result} result @returns {string} '' when no wormhole was there to cross a namespace */
function acrossTable({ judged }) {
  const measured = judged.filter(telling).filter(({ medians }) => medians['wormhole-ns'] !== undefined);
  if (measured.length === 0) return '';
  return table(
    ['', 'direct, inside', 'wormhole, into it', 'direct', 'wormhole', 'best peer, same namespace'],
    measured.map(({ row, medians, best }) => [
      row.title,
      ...['direct-ns', 'wormhole-ns', 'direct', 'wormhole'].map((name) => figure(medians[name], row.digits)),
      best === '' ? '' : `${figure(medians[best], row.digits)} (${best})`,
    ]),
  );
}

/** @param {Startup} startup */
function startupTable({ nodeMs, pingMs, pingRatio, answerMs, answerRatio, rssMb, relayWorkers }) {
  const judge = (/** @type {number} */ value, /** @type {number} */ limit) => (value <= limit ? 'PASS' : 'SHORT');
  return table(
    ['', 'value', 'ratio to node -e 0', 'must', ''],
    [
      ['node -e 0, ms', figure(nodeMs, 1), '', '', ''],
      ['wormhole ping, ms', figure(pingMs, 1), figure(pingRatio, 2), '≤ 1.5', judge(pingRatio, 1.5)],
      [
        'wormholed start to first answer, ms',
        figure(answerMs, 1),
        figure(answerRatio, 2),
        '≤ 6',
        judge(answerRatio, 6),
      ],
      [`wormholed idle with ${relayWorkers} relay workers: RSS, MB`, figure(rssMb, 1), '', '≤ 100', judge(rssMb, 100)],
    ],
  );
}

/** @param {OnDemand} onDemand */
function onDemandTable({ rounds, crowd, served, containers, warm, ...times }) {
  const judge = (/** @type {boolean} */ reached) => (reached ? 'PASS' : 'SHORT');
  const cold = [figure(times.coldMs, 0), figure(times.coldDockerMs, 0), figure(times.coldRatio, 3)];
  const stopped = [figure(times.stoppedMs, 0), figure(times.stoppedDockerMs, 0), figure(times.stoppedRatio, 3)];
  const head = [`medians of ${rounds} interleaved rounds`, 'wormhole', 'without', 'ratio', 'must', ''];
  return table(head, [
    [
      'MariaDB from nothing to its first byte, against docker run and a poll each 5 ms: ms',
      ...cold,
      '≤ 1.05',
      judge(times.coldRatio <= 1.05),
    ],
    ['the same, stopped, against docker start: ms', ...stopped, '≤ 1.1', judge(times.stoppedRatio <= 1.1)],
    [
      `${figure(crowd, 0)} first connections at once: served`,
      figure(served, 0),
      '',
      '',
      'all, by 1 container',
      judge(served === crowd && containers === 1),
    ],
    ...Object.entries(warm).map(([title, { triggered, plain, ratio }]) => [
      `${title}, triggered before, against never triggered: per second`,
      figure(triggered, 0),
      figure(plain, 0),
      figure(ratio, 3),
      '≥ 0.98',
      judge(ratio >= 0.98),
    ]),
  ]);
}

/** @param {readonly string[]} references */
function notes(references) {
  const lines = [
    '* direct: no proxy. Ratios are those of medians, to the best peer of that row; direct is never one.',
    '* bulk: the target sends, 256 KiB at a time, the client discards in the kernel; ping-pong and connect: 64-byte messages; a connect is connect, request,',
    '  answer, FIN. Failed connections are shown where there were any.',
    '* nobody writes a log line per connection: wormholed runs with `--log-level warn`, the peers as they come.',
    '* CPU: user and system time of the proxy, its children included, per 10⁹ bytes relayed. CPU, losses and errors are summed over the slices.',
    '* UDP: 16 client addresses, 4 datagrams of each on the way; paced: by the clock, whether or not they return.',
    '* idle: a fresh proxy; memory per connection is the growth of its proportional set size. Fewer connections where',
    '  one takes a process (socat) or more than two descriptors.',
  ];
  for (const name of references)
    lines.push(`* ${name} is shown for reference and is no peer to beat: see bench/peers.mjs.`);
  return lines.join('\n');
}

/** @param {number | undefined} value @param {number} digits */
export function figure(value, digits) {
  if (value === undefined || !Number.isFinite(value)) return '–';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} body a Markdown table with its columns aligned */
export function table(head, body) {
  const width = head.map((title, i) => Math.max(3, title.length, ...body.map((line) => line[i]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(width[i] ?? 0) : cell.padStart(width[i] ?? 0))).join(' | ')} |`;
  const rule = `|${width.map((n, i) => (i === 0 ? `:${'-'.repeat(n + 1)}` : `${'-'.repeat(n + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...body.map(line)].join('\n');
}
