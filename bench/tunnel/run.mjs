#!/usr/bin/env node
/**
 * `make bench-tunnel`: tunnels of wormhole against ones made by hand between the same two hosts, what it takes to set one up, and
 * what many cost. Here, by the kernel's WireGuard where it has one, else by wireguard-go; and in a virtual machine, by the kernel's
 * IPsec and WireGuard. Exit status as ../main.mjs has it.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, describeVersions } from '../machine.mjs';
import { runBenchmark } from '../main.mjs';
import { benchDir, buildDir } from '../paths.mjs';
import { iperf } from '../peers/iperf.mjs';
import { runInside } from '../world.mjs';
import { Guest, guestPackages, missingForGuest } from './guest.mjs';
import { toMarkdown } from './report.mjs';

/** Each with the seconds that it may take, here; the first one in the virtual machine boots it. */
const limits = { bulk: 150, 'set-up': 180, many: 400, ipsec: 400, wireguard: 400 };
const usage = `usage: bench/tunnel/run.mjs [options]

  --quick        one short round: a look, not a result
  --rounds N     rounds (5)
  --seconds S    seconds per measurement of bytes (5)
  --mbit N       rate of the path here, below what the processor can encrypt (40)
  --guest-mbit N the same in the virtual machine (a cable)
  --tunnels N    of the measurement of many (100)
  --only LIST    of ${Object.keys(limits).join(',')}; the last two are measured in a virtual machine
`;

/** @typedef {keyof typeof limits} RowName */
/** @typedef {ReturnType<typeof readOptions>} Options */
/** @typedef {import('./row.mjs').Measured} Measured */

/** @param {readonly string[]} argv @throws {TypeError} for words it does not know */
function readOptions(argv) {
  const text = /** @type {const} */ ({ type: 'string' });
  const options = /** @type {const} */ ({
    rounds: text,
    seconds: text,
    mbit: text,
    tunnels: text,
    only: text,
    'guest-mbit': text,
  });
  const { values } = parseArgs({ args: [...argv], options: { ...options, quick: { type: 'boolean' } } });
  const number = (/** @type {Exclude<keyof typeof options, 'only'>} */ name, /** @type {number} */ otherwise) => {
    const value = Number(values[name] ?? otherwise);
    if (!(value >= 1 && Number.isFinite(value)))
      throw new TypeError(`--${name} ${values[name]}: not a number from 1 on`);
    return value;
  };
  const only = values.only?.split(',') ?? Object.keys(limits);
  const unknown = only.find((word) => !(word in limits));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: not one of ${Object.keys(limits).join(', ')}`);
  const quick = values.quick === true;
  return {
    rounds: Math.ceil(number('rounds', quick ? 1 : 5)),
    seconds: number('seconds', quick ? 2 : 5),
    mbit: number('mbit', 40),
    guestMbit: values['guest-mbit'] === undefined ? undefined : number('guest-mbit', 1),
    tunnels: Math.ceil(number('tunnels', quick ? 20 : 100)),
    only: /** @type {RowName[]} */ (only),
    partial: quick || Object.keys(options).some((name) => name in values),
  };
}

/** @param {Options} options @param {boolean} kernel this one has WireGuard @returns {Record<RowName, object>} what each row is told */
function rowsOf({ rounds, seconds, mbit, guestMbit, tunnels }, kernel) {
  const bulk = { measure: 'bulk', options: { type: 'wireguard', kernel, rounds, seconds, mbit } };
  // Where the processor is emulated code takes long to be compiled, so that a first pass tells of that.
  const inGuest = { kernel: true, rounds, seconds, mbit: guestMbit, warmUp: true };
  return {
    bulk,
    'set-up': { measure: 'setUp', options: { rounds } },
    many: { measure: 'many', options: { tunnels } },
    ipsec: { measure: 'bulk', options: { ...inGuest, type: 'ipsec' } },
    wireguard: { measure: 'bulk', options: { ...inGuest, type: 'wireguard' } },
  };
}

/** @param {Options} options @returns {Promise<number>} exit status */
async function conduct(options) {
  const begun = performance.now();
  const machine = describeMachine();
  const kernel = spawnSync('unshare', '--net ip link add wh-try type wireguard'.split(' ')).status === 0;
  const rows = rowsOf(options, kernel);
  const inGuest = (/** @type {RowName} */ name) => name === 'ipsec' || name === 'wireguard';
  const withoutGuest = options.only.some(inGuest) ? missingForGuest() : undefined;
  const wanted = options.only.filter((name) => withoutGuest === undefined || !inGuest(name));
  if (withoutGuest !== undefined) console.error(`left out: the kernel's tunnels: ${withoutGuest}`);
  const guest = new Guest();
  /** @type {Partial<Record<RowName, Measured>>} */
  const found = {};
  /** @type {string[]} */
  const failed = [];
  for (const [i, name] of wanted.entries()) {
    const passed = Math.round((performance.now() - begun) / 1000);
    console.error(
      `[${passed.toString().padStart(4)} s] ${name}, ${i + 1} of ${wanted.length}, in ${limits[name]} s at most`,
    );
    const env = { WORMHOLE_BENCH_ROW: JSON.stringify(rows[name]) };
    const heard = (/** @type {Measured} */ measured) => (found[name] = measured);
    try {
      const limitMs = limits[name] * 1000;
      const argv = [join(benchDir, 'tunnel/row.mjs')];
      const status = inGuest(name)
        ? await guest.run(env, limitMs, heard)
        : await runInside(argv, { env, limitMs, heard });
      if (status === 130) return 130;
      if (found[name] === undefined) throw new Error(`it ended with ${status}`);
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      console.error(`not measured: ${failed.at(-1)}`);
    }
  }
  guest.end();
  const minutes = (performance.now() - begun) / 60_000;
  const versions = describeVersions(['wormhole']);
  const text = toMarkdown({ ...options, kernel, machine, versions, minutes, withoutGuest, found, failed });
  const whole = !options.partial && failed.length === 0;
  writeFileSync(whole ? join(benchDir, 'tunnel', 'RESULTS.md') : join(buildDir, 'TUNNEL.md'), text);
  console.log(text);
  return failed.length === 0 ? 0 : 70;
}

const packages = [
  { file: iperf, name: 'iperf3' },
  { file: '/usr/bin/wireguard-go', name: 'wireguard-go' },
  { file: '/usr/bin/wg', name: 'wireguard-tools' },
  { file: '/usr/sbin/nft', name: 'nftables' },
  ...guestPackages,
];

process.exitCode = await runBenchmark({ usage, readOptions, packages, conduct });
