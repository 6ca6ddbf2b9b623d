/**
 * Bulk throughput by iperf3, whose server runs in the far host and whose client runs here.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Program } from '../program.mjs';

export const iperf = '/usr/bin/iperf3';
/** Milliseconds that a client may take beyond its measuring: to connect, and to be told what arrived. */
const beyondMs = 30_000;

/** @typedef {{ serves: readonly [address: string, port: number], dials: readonly string[] }} Way */

/**
 * A server of its own for each: one that is not done with the last client turns the next one away.
 *
 * @param {Way} way @param {boolean} down the far host sends
 * @param {{ seconds: number, omit: number, dir: string, prefix: readonly string[] }} options
 * @returns {Promise<number>} Mbit/s that arrived
 */
export async function measured({ serves: [address, port], dials }, down, { seconds, omit, dir, prefix }) {
  const serving = [iperf, '-s', '-1', '-B', address, '-p', String(port)];
  const server = new Program([...prefix, ...serving], { log: join(dir, 'iperf.log') });
  try {
    await server.listens('tcp', [port]);
    const words = ['--json', '-t', String(seconds), '-O', String(omit), ...dials, ...(down ? ['-R'] : [])];
    const timeout = (seconds + omit) * 1000 + beyondMs;
    const client = spawn(iperf, words, { stdio: ['ignore', 'pipe', 'inherit'], timeout, killSignal: 'SIGKILL' });
    const said = await text(client.stdout);
    if (said === '') throw new Error(`iperf3 ${words.join(' ')}: no answer in ${timeout / 1000} s`);
    const answer = JSON.parse(said);
    if (answer.error !== undefined) throw new Error(`iperf3 ${words.join(' ')}: ${answer.error}`);
    return answer.end.sum_received.bits_per_second / 1e6;
  } finally {
    await server.stop();
  }
}
