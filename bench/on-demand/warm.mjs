/**
 * The warm path: a wormhole whose container was started by its trigger against one that was never triggered, both to
 * the same port of the same container.
 */
import { spawnSync } from 'node:child_process';
import { loadProgram } from '../paths.mjs';
import { median } from '../verdict.mjs';
import { ECHO, ECHO_PORT } from './engine.mjs';

const triggeredPort = 8811;
const plainPort = 8812;
const SECONDS = '0.5';

/** Words of the load generator after the port, by the title of the test. */
const tests = /** @type {const} */ ({
  'ping-pong, 64': ['rr', ['64', SECONDS, '64']],
  'connect, 32 at once': ['crr', ['32', SECONDS, '64', 'fin']],
});

export class Warm {
  #engine;
  #say;

  /** @param {import('./engine.mjs').Engine} engine @param {(...words: string[]) => string} say */
  constructor(engine, say) {
    this.#engine = engine;
    this.#say = say;
  }

  /** @param {number} rounds @returns {Promise<Record<string, { triggered: number, plain: number, ratio: number }>>} */
  async measure(rounds) {
    const run = `--name warm ${ECHO}`;
    this.#say('create', 'id', 'warm', 'url', `:${triggeredPort}`, 'trigger', 'url', `:${ECHO_PORT}`, 'docker-run', run);
    try {
      load('rr', triggeredPort, ['1', '0.1', '64']);
      this.#say('create', 'id', 'plain', 'url', `:${plainPort}`, 'tail', 'url', `:${ECHO_PORT}`, 'docker-ns', 'warm');
      /** @type {Record<string, { triggered: number, plain: number, ratio: number }>} */
      const results = {};
      for (const [title, [mode, words]] of Object.entries(tests)) {
        /** @type {[triggered: number, plain: number][]} */
        const taken = [];
        for (let round = 0; round < rounds; round++) {
          const first = round % 2 === 0;
          const a = load(mode, first ? triggeredPort : plainPort, words);
          const b = load(mode, first ? plainPort : triggeredPort, words);
          taken.push(first ? [a, b] : [b, a]);
        }
        results[title] = {
          triggered: median(taken.map(([triggered]) => triggered)),
          plain: median(taken.map(([, plain]) => plain)),
          ratio: median(taken.map(([triggered, plain]) => triggered / plain)),
        };
      }
      return results;
    } finally {
      this.#say('delete', 'warm', '--now');
      await this.#engine.docker('ps', '--quiet');
    }
  }
}

/** @param {string} mode @param {number} port @param {readonly string[]} words @returns {number} per second */
function load(mode, port, words) {
  const { status, stdout, stderr } = spawnSync(loadProgram, [mode, String(port), ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`load ${mode}: ${stderr}`);
  return /** @type {{ rate: number }} */ (JSON.parse(stdout)).rate;
}
