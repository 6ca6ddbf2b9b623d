/**
 * The command line of the benchmark: words in, one frozen object out.
 *
 * Decides what a run is made of (rounds, seconds per cell, tests, programs) and nothing about how it is measured.
 */
import { parseArgs } from 'node:util';

/** Tests that `--only` can name. */
export const groups = /** @type {const} */ (['bulk', 'rr', 'crr', 'udp', 'idle', 'start', 'demand']);

/** @typedef {(typeof groups)[number]} Group */
/**
 * @typedef {object} Options
 * @property {number} rounds how often each test meets each program
 * @property {number} seconds length of one measurement
 * @property {readonly Group[]} only the tests to run
 * @property {readonly string[] | undefined} peers the programs to run; absent = all that are installed
 * @property {string} subject whose ratios are judged
 * @property {readonly { name: string, command: string }[]} commands further programs, started by a command line
 * @property {number} idle idle connections for the memory test
 * @property {number} udpRate datagrams per second of the paced test
 * @property {'fin' | 'rst'} close how the client of the connect test ends a connection
 * @property {number} pairs runs of each program in the start-up comparisons
 * @property {number} starts rounds of starting on demand
 * @property {boolean} partial true when it is not the whole benchmark, whose figures belong into the repository
 * @property {string | undefined} output folder for RESULTS.md and results.json
 */

export const usage = `usage: bench/run.mjs [options]

  --quick                  one short round: a look, not a result
  --rounds N               rounds (3)
  --seconds S              seconds per measurement (2)
  --only LIST              of ${groups.join(',')}
  --peers LIST             of haproxy,nginx,nginx-256k,socat,systemd,docker-proxy,wormhole and --proxy-command names
  --proxy-command NAME=CMD measure another TCP proxy; {listenPort} and {targetPort}, on 127.0.0.1, are filled in
  --subject NAME           the program whose ratios are judged (wormhole)
  --idle N                 idle connections of the memory test (8000)
  --udp-rate N             datagrams per second of the paced UDP test (20000)
  --close fin|rst          how the connect test's client closes (fin)
  --output DIR             where RESULTS.md and results.json go (bench/ for a whole run, bench/.build/ for a partial one)
`;

/** @param {readonly string[]} words @returns {Options} @throws {TypeError} for words it does not know */
export function parseOptions(words) {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      'proxy-command': { type: 'string', multiple: true, default: [] },
      subject: { type: 'string', default: 'wormhole' },
      idle: { type: 'string' },
      'udp-rate': { type: 'string' },
      close: { type: 'string', default: 'fin' },
      output: { type: 'string' },
    },
  });
  const { quick } = values;
  const only = list(values.only)?.map(toGroup) ?? groups;
  return Object.freeze({
    rounds: whole('rounds', values.rounds, quick ? 1 : 3),
    seconds: positive('seconds', values.seconds, quick ? 0.5 : 2),
    only,
    peers: list(values.peers),
    subject: values.subject,
    commands: values['proxy-command'].map(toCommand),
    idle: whole('idle', values.idle, quick ? 2000 : 8000),
    udpRate: whole('udp-rate', values['udp-rate'], 20_000),
    close: closing(values.close),
    pairs: quick ? 5 : 20,
    starts: quick ? 3 : 12,
    partial:
      quick ||
      values.close !== 'fin' ||
      [values.rounds, values.seconds, values.only, values.peers, values.idle, values['udp-rate']].some(
        (value) => value !== undefined,
      ),
    output: values.output,
  });
}

/** @param {string | undefined} text */
function list(text) {
  return text?.split(',').filter((word) => word !== '');
}

/** @param {string} word @returns {Group} */
function toGroup(word) {
  const group = groups.find((name) => name === word);
  if (group === undefined) throw new TypeError(`--only ${word}: not one of ${groups.join(', ')}`);
  return group;
}

/** @param {string} text */
function toCommand(text) {
  const at = text.indexOf('=');
  if (at < 1) throw new TypeError(`--proxy-command ${text}: write NAME=COMMAND`);
  return { name: text.slice(0, at), command: text.slice(at + 1) };
}

/** @param {string} word @returns {'fin' | 'rst'} */
function closing(word) {
  if (word !== 'fin' && word !== 'rst') throw new TypeError(`--close ${word}: fin or rst`);
  return word;
}

/** @param {string} name @param {string | undefined} text @param {number} otherwise */
function positive(name, text, otherwise) {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new TypeError(`--${name} ${text}: not a positive number`);
  return value;
}

/** @param {string} name @param {string | undefined} text @param {number} otherwise */
function whole(name, text, otherwise) {
  const value = positive(name, text, otherwise);
  if (!Number.isInteger(value)) throw new TypeError(`--${name} ${text}: not a whole number`);
  return value;
}
