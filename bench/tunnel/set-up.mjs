/**
 * What it takes to set a tunnel up: milliseconds, and how many round trips are in them, which is what longer paths add.
 */
import { connect } from '../../dist/client/index.js';
import { folder } from '../contenders.mjs';
import { startDaemons } from '../peers/daemons.mjs';
import { startFarHost } from '../peers/far-host.mjs';
import { socketOf } from '../wormhole.mjs';

/** Of the carriers. */
const port = 9999;
/** Milliseconds of one way; the difference of the two tells how many round trips there are. */
const delays = /** @type {const} */ ([10, 110]);
/** Tunnels that two daemons make one after the other; the first one needs a link. */
const times = 5;

/** @param {{ rounds: number }} options @param {string} dir @param {import('./row.mjs').Tell} tell */
export async function setUp({ rounds }, dir, tell) {
  /** @type {import('./row.mjs').Figures[]} */
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    /** @type {import('./row.mjs').Figures} */
    const figures = {};
    for (const delayMs of delays) {
      const all = await overPath(folder(dir, `set-up-${round}-${delayMs}`), delayMs);
      const again = all.slice(1).sort((a, b) => a - b);
      figures[`first${delayMs}`] = all[0] ?? Number.NaN;
      figures[`again${delayMs}`] = again[Math.floor(times / 2)] ?? Number.NaN;
      // Others at work add time, never a round trip.
      figures[`least${delayMs}`] = again[0] ?? Number.NaN;
      tell(`round ${round + 1} of ${rounds}: ${2 * delayMs} ms there and back: ${all.map(Math.round).join(' ')} ms`);
    }
    const [short, long] = delays.map((delayMs) => figures[`least${delayMs}`] ?? Number.NaN);
    figures['trips'] = ((long ?? 0) - (short ?? 0)) / (2 * (delays[1] - delays[0]));
    samples.push(figures);
  }
  return samples;
}

/** @param {string} dir @param {number} delayMs @returns {Promise<number[]>} milliseconds of each call that made one */
async function overPath(dir, delayMs) {
  const host = await startFarHost(dir, { delayMs });
  const { sides, running } = await startDaemons(dir, host.prefix, port);
  const client = await connect({ address: `unix://${socketOf(sides.near)}`, timeoutMs: 30_000 });
  const all = [];
  for (let i = 0; i <= times; i += 1) {
    const begun = performance.now();
    const { state, reason } = await client.createTunnel({ peer: 'far', type: 'wireguard' });
    all.push(performance.now() - begun);
    if (state !== 'complete') throw new Error(`no tunnel: ${state}, ${reason}`);
    await client.deleteTunnels('far');
  }
  await running.stop();
  await host.stop();
  return all;
}
