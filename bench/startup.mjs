/**
 * How long the two programs take to start, against the least that Node itself needs (`node -e 0`), and how much
 * memory the daemon holds when it has nothing to do.
 *
 * Pairs are interleaved: both halves of a ratio see the same machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folder } from './contenders.mjs';
import { residentMemory } from './procfs.mjs';
import { Program } from './program.mjs';
import { median } from './verdict.mjs';
import { cliWords, daemonWords, socketOf } from './wormhole.mjs';

const controlPort = 9800;
/** What starting left behind is collected by then. */
const IDLE_MS = 12_000;

/**
 * @typedef {object} Startup all times in milliseconds, medians
 * @property {number} nodeMs `node -e 0`, start to exit
 * @property {number} pingMs `wormhole ping`, start to exit
 * @property {number} pingRatio median of the pairs' ratios
 * @property {number} answerMs daemon start to its first answer
 * @property {number} answerRatio median of the pairs' ratios
 * @property {number} rssMb of the idle daemon
 * @property {number} relayWorkers that it runs
 */

/** @param {number} pairs @param {string} dir @returns {Promise<Startup>} */
export async function measureStartup(pairs, dir) {
  /** @type {Record<'node' | 'ping' | 'pingRatio' | 'answer' | 'answerRatio', number[]>} */
  const taken = { node: [], ping: [], pingRatio: [], answer: [], answerRatio: [] };
  const where = folder(dir, 'startup');
  const program = new Program(daemonWords(where, controlPort), { log: join(where, 'log') });
  let idle = { rssMb: 0, relayWorkers: 0 };
  try {
    await program.until(() => health(socketOf(where)).then(Boolean), 'it answered');
    await sleep(IDLE_MS);
    const facts = await health(socketOf(where));
    idle = { rssMb: residentMemory([program.pid]).rssKib / 1024, relayWorkers: Number(facts?.relayWorkers) };
    for (let i = 0; i < pairs; i++) {
      const node = await wholeRun([process.execPath, '-e', '0']);
      const ping = await wholeRun(cliWords(where, ['ping'])).catch((error) => {
        throw new Error(`${error.message}${program.obituary ?? ''}`);
      });
      taken.node.push(node);
      taken.ping.push(ping);
      taken.pingRatio.push(ping / node);
    }
  } finally {
    await program.stop();
  }
  for (let i = 0; i < Math.ceil(pairs / 2); i++) {
    const node = await wholeRun([process.execPath, '-e', '0']);
    const answer = await firstAnswer(folder(where, `start-${i}`), controlPort + 1 + i);
    taken.answer.push(answer);
    taken.answerRatio.push(answer / node);
  }
  return {
    nodeMs: median(taken.node),
    pingMs: median(taken.ping),
    pingRatio: median(taken.pingRatio),
    answerMs: median(taken.answer),
    answerRatio: median(taken.answerRatio),
    ...idle,
  };
}

/** @param {readonly string[]} argv @returns {Promise<number>} milliseconds from spawn to exit @throws {Error} unless it exits 0 */
async function wholeRun([file = '', ...words]) {
  const start = performance.now();
  const child = spawn(file, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (part) => (complaint += part));
  const [code] = await once(child, 'exit');
  const elapsed = performance.now() - start;
  if (code !== 0) throw new Error(`${file} ${words.join(' ')} ended with ${code}: ${complaint}`);
  return elapsed;
}

/** @param {string} dir @param {number} port @returns {Promise<number>} milliseconds from spawn to the first answer */
async function firstAnswer(dir, port) {
  const words = daemonWords(dir, port);
  const start = performance.now();
  const program = new Program(words, { log: join(dir, 'log') });
  try {
    await program.until(() => health(socketOf(dir)).then(Boolean), 'it answered');
    return performance.now() - start;
  } finally {
    await program.stop();
  }
}

/** @param {string} socketPath @returns {Promise<import('../src/spec/api.ts').Health | undefined>} absent while nobody answers */
function health(socketPath) {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/v1/health', agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => (body += part));
      answer.on('end', () => resolve(answer.statusCode === 200 ? JSON.parse(body) : undefined));
    });
    call.on('error', () => resolve(undefined));
    call.end();
  });
}
