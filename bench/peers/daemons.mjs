/**
 * A daemon of wormhole on each of two hosts, with the same key, that know each other as `near` and `far`.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from '../contenders.mjs';
import { Program } from '../program.mjs';
import { started } from '../running.mjs';
import { answers, daemonWords, socketOf } from '../wormhole.mjs';
import { far, near } from './far-host.mjs';

/** @typedef {'near' | 'far'} Side */
/**
 * @typedef {object} Daemons
 * @property {Program} nearHalf
 * @property {Program} farHalf
 * @property {Record<Side, string>} sides their folders
 * @property {import('../running.mjs').Running} running
 */

/**
 * Resolves when both listen, and the near one answers.
 *
 * @param {string} dir @param {readonly string[]} prefix runs a program in the far host @param {number} port of their carriers
 * @param {'tls' | 'quic'} [carrier]
 * @returns {Promise<Daemons>}
 */
export async function startDaemons(dir, prefix, port, carrier = 'tls') {
  const sides = { near: folder(dir, 'near'), far: folder(dir, 'far') };
  const nearWords = [...daemonWords(sides.near, { host: near, port }), ...knows(sides.near, 'near', port, carrier)];
  copyFileSync(join(sides.near, 'key.secret'), join(sides.far, 'key.secret'));
  const farWords = [...daemonWords(sides.far, { host: far, port }), ...knows(sides.far, 'far', port, carrier)];
  const farHalf = new Program([...prefix, ...farWords], { log: join(dir, 'far.log') });
  const nearHalf = new Program(nearWords, { log: join(dir, 'near.log') });
  const running = await started([nearHalf, farHalf], [[farHalf, 'tcp', port]]);
  try {
    await nearHalf.until(() => answers(socketOf(sides.near)), 'its socket answered');
    return { nearHalf, farHalf, sides, running };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** Words that tell a daemon its name, and of the other. @param {string} at @param {Side} own @param {number} port @param {'tls' | 'quic'} carrier */
function knows(at, own, port, carrier) {
  const file = join(at, 'wormholed.yaml');
  const [other, address] = own === 'far' ? ['near', near] : ['far', far];
  writeFileSync(file, `name: ${own}\npeers: {${other}: {address: '${address}:${port}', carrier: ${carrier}}}\n`);
  return ['--config', file];
}
