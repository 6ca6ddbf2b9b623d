/**
 * Starting on demand against what Docker itself needs: cold, stopped, a crowd of first connections, and the warm path.
 *
 * Each pair is interleaved: both halves of a ratio see the same machine.
 */
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { folder } from '../contenders.mjs';
import { Program } from '../program.mjs';
import { median } from '../verdict.mjs';
import { answers, cliWords, daemonWords, socketOf } from '../wormhole.mjs';
import { ECHO, ECHO_PORT, Engine, firstByteFrom, MARIADB, missing, pollInside } from './engine.mjs';
import { Warm } from './warm.mjs';

const controlPort = 9890;
const coldPort = 8801;
const stoppedPort = 8802;
const crowdPort = 8803;
/** First connections at once. */
const CROWD = 1000;

/**
 * @typedef {object} OnDemand milliseconds are medians, ratios are medians of the pairs' ratios
 * @property {number} rounds
 * @property {number} coldMs connect to first byte, nothing there
 * @property {number} coldDockerMs `docker run` and polling the port every 5 ms
 * @property {number} coldRatio
 * @property {number} stoppedMs connect to first byte, container stopped
 * @property {number} stoppedDockerMs `docker start` and polling
 * @property {number} stoppedRatio
 * @property {number} crowd first connections at once
 * @property {number} served of them
 * @property {number} containers that were started for them
 * @property {Record<string, { triggered: number, plain: number, ratio: number }>} warm rates of the two, by test
 */

/**
 * @param {number} rounds @param {string} dir @param {string} echoProgram statically linked load generator
 * @returns {Promise<OnDemand | undefined>} undefined when there is no engine
 */
export async function measureOnDemand(rounds, dir, echoProgram) {
  const lacking = missing();
  if (lacking !== undefined) {
    console.error(`starting on demand is not measured: there is no ${lacking}`);
    return undefined;
  }
  const where = folder(dir, 'on-demand');
  const engine = new Engine(dir);
  /** @type {Program | undefined} */
  let daemon;
  try {
    await engine.start(echoProgram);
    process.env['DOCKER_HOST'] = engine.address;
    daemon = new Program(daemonWords(where, controlPort), { log: join(where, 'log') });
    await daemon.until(() => answers(socketOf(where)), 'its socket answered');
    const say = (/** @type {readonly string[]} */ ...words) => wormhole(where, words);
    const cold = await pairs(
      rounds,
      () => coldStart(say),
      () => dockerRun(engine),
    );
    const stopped = await stoppedPairs(rounds, engine, say);
    const crowd = await firstConnections(engine, say);
    const warm = await new Warm(engine, say).measure(rounds);
    return {
      rounds,
      coldMs: cold.ours,
      coldDockerMs: cold.theirs,
      coldRatio: cold.ratio,
      stoppedMs: stopped.ours,
      stoppedDockerMs: stopped.theirs,
      stoppedRatio: stopped.ratio,
      ...crowd,
      warm,
    };
  } finally {
    await daemon?.stop();
    await engine.stop();
  }
}

/** @param {string} dir @param {readonly string[]} words @returns {string} what it printed */
function wormhole(dir, words) {
  const [file = '', ...rest] = cliWords(dir, words);
  const { status, stdout, stderr } = spawnSync(file, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`wormhole ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** @param {number} rounds @param {() => Promise<number>} ours @param {() => Promise<number>} theirs */
async function pairs(rounds, ours, theirs) {
  /** @type {{ ours: number[], theirs: number[] }} */
  const taken = { ours: [], theirs: [] };
  for (let round = 0; round < rounds + 1; round++) {
    const first = round % 2 === 0;
    const a = await (first ? ours : theirs)();
    const b = await (first ? theirs : ours)();
    // The first round fills caches.
    if (round === 0) continue;
    taken.ours.push(first ? a : b);
    taken.theirs.push(first ? b : a);
  }
  const ratio = median(taken.ours.map((ms, i) => ms / (taken.theirs[i] ?? Number.NaN)));
  return { ours: median(taken.ours), theirs: median(taken.theirs), ratio };
}

/** @param {(...words: string[]) => string} say @returns {Promise<number>} */
async function coldStart(say) {
  say(
    'create',
    'id',
    'cold',
    'url',
    `:${coldPort}`,
    'trigger',
    'url',
    ':3306',
    'docker-run',
    `--network none ${MARIADB}`,
  );
  const begun = performance.now();
  const served = await firstByteFrom(coldPort);
  const ms = performance.now() - begun;
  say('delete', 'cold');
  if (!served) throw new Error('a cold start served nothing');
  return ms;
}

/** @param {Engine} engine @returns {Promise<number>} */
async function dockerRun(engine) {
  const begun = performance.now();
  const id = await engine.docker('run', '--detach', '--network', 'none', MARIADB);
  await pollInside(await engine.pidOf(id), 3306);
  const ms = performance.now() - begun;
  await engine.docker('rm', '--force', id);
  return ms;
}

/** @param {number} rounds @param {Engine} engine @param {(...words: string[]) => string} say */
async function stoppedPairs(rounds, engine, say) {
  const id = await engine.docker('run', '--detach', '--network', 'none', '--stop-signal', 'KILL', MARIADB);
  const stop = () => engine.docker('stop', id);
  await stop();
  say('create', 'id', 'stopped', 'url', `:${stoppedPort}`, 'trigger', 'url', ':3306', 'docker-ns', id);
  try {
    return await pairs(
      rounds,
      async () => {
        const begun = performance.now();
        const served = await firstByteFrom(stoppedPort);
        const ms = performance.now() - begun;
        await stop();
        if (!served) throw new Error('a start of a stopped container served nothing');
        return ms;
      },
      async () => {
        const begun = performance.now();
        await engine.docker('start', id);
        await pollInside(await engine.pidOf(id), 3306);
        const ms = performance.now() - begun;
        await stop();
        return ms;
      },
    );
  } finally {
    say('delete', 'stopped');
    await engine.docker('rm', '--force', id);
  }
}

/** @param {Engine} engine @param {(...words: string[]) => string} say */
async function firstConnections(engine, say) {
  say('create', 'id', 'crowd', 'url', `:${crowdPort}`, 'trigger', 'url', `:${ECHO_PORT}`, 'docker-run', ECHO);
  const answers = await Promise.all(Array.from({ length: CROWD }, () => echoed(crowdPort)));
  const containers = await engine.docker('ps', '--all', '--quiet', '--filter', 'label=dev.wormhole.id=crowd');
  say('delete', 'crowd', '--now');
  return { crowd: CROWD, served: answers.filter(Boolean).length, containers: containers.split('\n').length };
}

/** @param {number} port @returns {Promise<boolean>} whether 64 bytes came back */
function echoed(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(Buffer.alloc(64, 1)));
    let got = 0;
    socket.on('data', (part) => {
      got += part.length;
      if (got >= 64) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got === 64));
  });
}
