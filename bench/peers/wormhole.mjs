/**
 * wormhole between two hosts: a daemon on each with the same key, and wormholes whose rest runs on the far one; and the
 * program that forwards to a far daemon without one here.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { folder } from '../contenders.mjs';
import { Program } from '../program.mjs';
import { started } from '../running.mjs';
import { built, cliWords, daemonWords } from '../wormhole.mjs';
import { startDaemons } from './daemons.mjs';
import { far, run } from './far-host.mjs';

/** @typedef {import('./pairs.mjs').Pair} Pair */

/** Of the daemons that belong together, each in a network of its own. */
const ports = { pair: 9999, forward: 9998, quic: 9990 };

/** @param {'tls' | 'quic'} carrier @returns {Pair['start']} */
const startOver = (carrier) => async (links, dir, prefix) => {
  const port = ports[carrier === 'quic' ? 'quic' : 'pair'];
  const { nearHalf, sides, running } = await startDaemons(dir, prefix, port, carrier);
  try {
    for (const { protocol, listen, target } of links) {
      const spec = ['url', `${protocol}://:${listen}`, 'remote', 'far', 'tail', 'url', `127.0.0.1:${target}`];
      run(cliWords(sides.near, ['create', ...spec]));
      await nearHalf.listens(protocol, [listen]);
    }
    if (carrier === 'quic') await nearHalf.until(() => isOverQuic(sides.near), 'its connections went over QUIC');
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  }
};

/** @param {string} at */
function isOverQuic(at) {
  const [file = '', ...words] = cliWords(at, ['--json', 'peers']);
  return /"carrier": ?"quic"/.test(spawnSync(file, words, { encoding: 'utf8' }).stdout);
}

/** @type {Pair['start']} */
async function startForward(links, dir, prefix) {
  const port = ports.forward;
  const at = folder(dir, 'far');
  const farHalf = new Program([...prefix, ...daemonWords(at, { host: far, port })], { log: join(dir, 'far.log') });
  try {
    await farHalf.listens('tcp', [port]);
  } catch (error) {
    await farHalf.stop();
    throw error;
  }
  const forwards = links.flatMap(({ listen, target }) => ['-c', `${listen}:127.0.0.1:${target}`]);
  const words = ['forward', '--quiet', '-t', `${far}:${port}`, '-K', join(at, 'key.secret'), ...forwards];
  const nearHalf = new Program([cli, ...words], { log: join(dir, 'near.log') });
  return started(
    [nearHalf, farHalf],
    links.map(({ listen }) => /** @type {const} */ ([nearHalf, 'tcp', listen])),
  );
}

const cli = cliWords('', [])[0] ?? '';

/** @type {Pair} */
export const wormholePair = { name: 'wormhole', file: cli, carries: 'both', start: startOver('tls') };
/** @type {Pair} */
export const quicPair = { name: 'wormhole quic', file: cli, carries: 'tcp', start: startOver('quic') };
/** @type {Pair} */
export const forwardPair = { name: 'wormhole forward', file: cli, carries: 'tcp', start: startForward };

export { built };
