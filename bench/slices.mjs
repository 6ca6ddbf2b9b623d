/**
 * A round's figures from those of its slices: pure arithmetic.
 *
 * A machine's speed wanders within seconds. So a measurement is cut into short slices, and the programs take turns after
 * each of them: what disturbs one slice meets one program for a moment, and the median passes it over. Errors, losses
 * and the CPU's time are no such figures: they are summed, so that none is passed over.
 */
import { median } from './verdict.mjs';

/** Seconds of a slice: long against starting the load generator, short against the wandering. */
const sliceSeconds = 0.5;
const summed = new Set(['bytes', 'cpu', 'sent', 'lost', 'errors']);

/** @param {number} seconds @returns {{ readonly count: number, readonly seconds: number }} as long in all */
export function slicesOf(seconds) {
  const count = Math.max(1, Math.round(seconds / sliceSeconds));
  return { count, seconds: seconds / count };
}

/** @param {readonly Record<string, number>[]} slices of one program in one round @returns {Record<string, number>} */
export function roundOf(slices) {
  const fields = Object.keys(slices[0] ?? {});
  const figures = Object.fromEntries(
    fields.map((field) => {
      const values = slices.flatMap((slice) => slice[field] ?? []);
      return [field, summed.has(field) ? values.reduce((sum, value) => sum + value, 0) : median(values)];
    }),
  );
  const { sent = 0, lost = 0, cpu = 0, bytes = 0 } = figures;
  if ('lossPercent' in figures) figures['lossPercent'] = sent > 0 ? (100 * lost) / sent : 100;
  if ('cpu' in figures) figures['cpuPerGb'] = cpu / (bytes / 1e9);
  return figures;
}
