/**
 * What must be reached, and whether it was: pure arithmetic over the rounds' figures.
 *
 * A value is the median over the rounds. The best peer of a row is the one with the best median; the ratio is that of
 * the two medians, and is judged unrounded.
 */

/** @typedef {{ cell: string, contender: string, round: number, figures: Record<string, number> }} Sample */
/**
 * @typedef {object} Row one line of the table
 * @property {string} cell
 * @property {string} field of the cell's figures
 * @property {string} title
 * @property {number} digits after the point
 * @property {'more' | 'less'} [better] makes it a row with a best peer
 * @property {number} [need] the ratio to the best peer that must be reached: at least for `more`, at most for `less`
 * @property {number} [limit] an absolute bound, instead of a ratio
 * @property {boolean} [lossless] it must lose nothing wherever the best peer loses nothing
 */
/**
 * @typedef {object} Judged
 * @property {Row} row
 * @property {Record<string, number>} medians by contender
 * @property {string} best the best peer's name; '' when the row has none
 * @property {number | undefined} ratio
 * @property {'PASS' | 'SHORT' | ''} verdict '' when nothing is demanded, or could not be measured
 * @property {string} reason why it is short, when not by the ratio
 */

/** @type {readonly Row[]} */
export const rows = [
  { cell: 'bulk1', field: 'gbits', title: 'bulk, 1 stream: Gbit/s', digits: 2, better: 'more', need: 1.3 },
  { cell: 'bulk16', field: 'gbits', title: 'bulk, 16 streams: Gbit/s', digits: 2, better: 'more', need: 1.3 },
  { cell: 'bulk1', field: 'cpuPerGb', title: 'CPU s per GB, 1 stream', digits: 3, better: 'less', need: 1 },
  { cell: 'bulk16', field: 'cpuPerGb', title: 'CPU s per GB, 16 streams', digits: 3, better: 'less', need: 1 },
  ...[1, 64, 1000].flatMap((n) => latency(`rr${n}`, `ping-pong, ${n === 1000 ? '1,000' : n}`)),
  ...latency('crr32', 'connect, 32 at once'),
  ...[64, 1200].flatMap((bytes) => datagrams(bytes)),
  { cell: 'idle', field: 'connections', title: 'idle: connections held', digits: 0 },
  { cell: 'idle', field: 'rssBeforeMb', title: 'idle: RSS at 0, MB', digits: 1 },
  { cell: 'idle', field: 'rssMb', title: 'idle: RSS with all, MB', digits: 1 },
  { cell: 'idle', field: 'kibPerConnection', title: 'idle: KiB per connection', digits: 2, better: 'less', limit: 4 },
];

/** @param {string} cell @param {string} title @returns {Row[]} */
function latency(cell, title) {
  return [
    { cell, field: 'rate', title: `${title}: per second`, digits: 0, better: 'more', need: 1 },
    { cell, field: 'p50us', title: `${title}: p50 µs`, digits: 0, better: 'less' },
    { cell, field: 'p99us', title: `${title}: p99 µs`, digits: 0, better: 'less' },
    { cell, field: 'errors', title: `${title}: errors`, digits: 0 },
  ];
}

/** @param {number} bytes @returns {Row[]} */
function datagrams(bytes) {
  const title = `UDP ${bytes === 1200 ? '1,200' : bytes} B`;
  const window = `udp${bytes}`;
  return [
    { cell: window, field: 'rate', title: `${title}: per second`, digits: 0, better: 'more', need: 1, lossless: true },
    { cell: window, field: 'p99us', title: `${title}: p99 µs`, digits: 0, better: 'less' },
    { cell: window, field: 'lossPercent', title: `${title}: loss %`, digits: 3 },
    { cell: `paced${bytes}`, field: 'offered', title: `${title} paced: offered/s`, digits: 0 },
    { cell: `paced${bytes}`, field: 'received', title: `${title} paced: returned/s`, digits: 0, lossless: true },
    { cell: `paced${bytes}`, field: 'lossPercent', title: `${title} paced: loss %`, digits: 3 },
  ];
}

/** @param {readonly number[]} values @returns {number} NaN of none */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** @param {readonly Sample[]} samples @param {string} cell @param {string} field @returns {Record<string, number>} by contender */
export function medians(samples, cell, field) {
  /** @type {Record<string, number[]>} */
  const values = {};
  for (const sample of samples) {
    const value = sample.cell === cell ? sample.figures[field] : undefined;
    if (value !== undefined) (values[sample.contender] ??= []).push(value);
  }
  return Object.fromEntries(Object.entries(values).map(([name, all]) => [name, median(all)]));
}

/**
 * @param {readonly Sample[]} samples
 * @param {string} subject
 * @param {readonly string[]} bar the peers that count
 * @param {readonly Row[]} wanted
 * @returns {Judged[]} a line for every row that was measured
 */
export function judge(samples, subject, bar, wanted = rows) {
  return wanted.flatMap((row) => {
    const all = medians(samples, row.cell, row.field);
    if (Object.keys(all).length === 0) return [];
    const best = row.better === undefined && row.lossless !== true ? '' : bestOf(all, bar, row.better ?? 'more');
    const [mine, theirs] = [all[subject], all[best]];
    const ratio = mine !== undefined && theirs !== undefined && row.better !== undefined ? mine / theirs : undefined;
    return [{ row, medians: all, best, ratio, ...verdictOf(row, samples, subject, best, mine, ratio) }];
  });
}

/** @param {Record<string, number>} values @param {readonly string[]} bar @param {'more' | 'less'} better */
function bestOf(values, bar, better) {
  const names = bar.filter((name) => values[name] !== undefined);
  const sign = better === 'more' ? -1 : 1;
  return names.sort((a, b) => sign * ((values[a] ?? 0) - (values[b] ?? 0)))[0] ?? '';
}

/**
 * @param {Row} row @param {readonly Sample[]} samples @param {string} subject @param {string} best
 * @param {number | undefined} mine @param {number | undefined} ratio
 * @returns {Pick<Judged, 'verdict' | 'reason'>}
 */
function verdictOf(row, samples, subject, best, mine, ratio) {
  const { cell, better, need, limit, lossless } = row;
  if (mine === undefined || (need === undefined && limit === undefined && lossless !== true))
    return { verdict: '', reason: '' };
  const errors = medians(samples, cell, 'errors')[subject] ?? 0;
  if (errors > 0) return { verdict: 'SHORT', reason: `${errors} errors` };
  if (lossless === true) {
    const loss = medians(samples, cell, 'lossPercent');
    if ((loss[subject] ?? 0) > 0 && (loss[best] ?? 0) === 0)
      return { verdict: 'SHORT', reason: 'loses where the best peer does not' };
  }
  if (limit !== undefined) return { verdict: mine <= limit ? 'PASS' : 'SHORT', reason: '' };
  if (need === undefined) return { verdict: 'PASS', reason: '' };
  if (ratio === undefined) return { verdict: '', reason: '' };
  return { verdict: (better === 'less' ? ratio <= need : ratio >= need) ? 'PASS' : 'SHORT', reason: '' };
}
