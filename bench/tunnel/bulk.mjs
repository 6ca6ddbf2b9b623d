/**
 * Bytes through a tunnel of wormhole's and through one of the same kind that was made by hand, between the same two hosts. In turns, and
 * each while the other one is not there: neither passes the other's firewall, or waits for its timers.
 */
import { connect } from '../../dist/client/index.js';
import { startDaemons } from '../peers/daemons.mjs';
import { startFarHost } from '../peers/far-host.mjs';
import { measured } from '../peers/iperf.mjs';
import { socketOf } from '../wormhole.mjs';
import { insideFar, makeIpsec, makeWireguard } from './by-hand.mjs';

/** Ports: of the carriers, of what runs in the far host, and of the wormhole's head. */
const ports = { carrier: 9999, byHand: 5201, target: 5202, head: 5203 };
/** Milliseconds for one call of a daemon: the first needs modules of the kernel, on a processor that may be emulated. */
const timeoutMs = 60_000;

/**
 * @typedef {object} BulkOptions
 * @property {'ipsec' | 'wireguard'} type
 * @property {boolean} kernel it is the kernel's own
 * @property {number} rounds
 * @property {number} seconds
 * @property {number} [mbit] rate of the path; absent = a cable
 * @property {boolean} [warmUp] a round before the others, which does not count
 */

/**
 * @param {BulkOptions} options @param {string} dir @param {import('./row.mjs').Tell} tell
 * @returns {Promise<import('./row.mjs').Figures[]>} Mbit/s
 */
export async function bulk({ type, kernel, rounds, seconds, mbit, warmUp }, dir, tell) {
  const host = await startFarHost(dir, { mbit });
  const { sides, running } = await startDaemons(dir, host.prefix, ports.carrier);
  const client = await connect({ address: `unix://${socketOf(sides.near)}`, timeoutMs });
  const byHand = () => (type === 'ipsec' ? makeIpsec(dir, host.prefix) : makeWireguard(dir, host.prefix, kernel));
  /** @typedef {{ make: () => Promise<() => Promise<void>>, way: import('../peers/iperf.mjs').Way }} Kind */
  /** @type {Record<'byHand' | 'wormhole', Kind>} */
  const kinds = {
    byHand: {
      make: byHand,
      way: { serves: [insideFar, ports.byHand], dials: ['-c', insideFar, '-p', `${ports.byHand}`] },
    },
    wormhole: {
      make: () => wormhole(client, type, kernel),
      way: { serves: ['127.0.0.1', ports.target], dials: ['-c', '127.0.0.1', '-p', `${ports.head}`] },
    },
  };
  /** @type {import('./row.mjs').Figures[]} */
  const samples = [];
  for (let round = warmUp === true ? -1 : 0; round < rounds; round += 1) {
    /** @type {import('./row.mjs').Figures} */
    const figures = {};
    for (const name of /** @type {const} */ (round % 2 === 0 ? ['byHand', 'wormhole'] : ['wormhole', 'byHand'])) {
      const { make, way } = kinds[name];
      const takeAway = await make();
      figures[name] = await measured(way, true, { seconds, omit: 1, dir, prefix: host.prefix });
      await takeAway();
      tell(
        `${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${name === 'byHand' ? 'by hand' : name} ${figures[name].toFixed(1)} Mbit/s`,
      );
    }
    if (round >= 0) samples.push(figures);
  }
  await running.stop();
  await host.stop();
  return samples;
}

/** `create url … tunnel far`, over a tunnel of that type. @param {import('../../src/client/index.ts').Client} client @param {BulkOptions['type']} type @param {boolean} kernel */
async function wormhole(client, type, kernel) {
  const { engine, state } = await client.createTunnel({ peer: 'far', type });
  if (state !== 'complete' || (engine === 'kernel') !== kernel) throw new Error(`a tunnel by ${engine}, ${state}`);
  const words = ['id', 'bulk', 'url', `:${ports.head}`, 'tunnel', 'far', 'tail', 'url', `127.0.0.1:${ports.target}`];
  await client.create(words);
  return async () => {
    await client.delete('bulk', { now: true });
    await client.deleteTunnels('far');
  };
}
