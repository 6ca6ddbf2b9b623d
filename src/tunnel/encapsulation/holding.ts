/**
 * The daemon's side of the holder: asks it to open and close the UDP sockets of IPsec tunnels, and starts it when the first is needed.
 *
 * There is one for each network namespace that a daemon serves; its socket is named after that, and lies beside the daemon's own folder
 * in /run, which goes when the service is stopped while tunnels stay.
 */
import { spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WormholeError } from '../../lib/errors.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import { orAbsent } from '../failure.ts';
import { Listed } from '../listed.ts';
import { Recent } from '../recent.ts';
import type { EncapsulationWish } from './encapsulation-socket.ts';
import { type HolderAnswer, type HolderRequest, LINE_BYTES, readAnswer } from './words.ts';

const FOLDER = '/run';
const LOOK_MS = 20;
const START_MS = 10_000;
const ANSWER_MS = 5_000;
/** Heap of the holder in MiB: it has a list of ports. */
const HEAP_MIB = 16;
/** Nobody holds anything. */
const ABSENT = ['ENOENT', 'ECONNREFUSED'] as const;
/** It ends at this moment, or talks to too many. */
const CUT = ['ECONNRESET', 'EPIPE'] as const;

export interface HoldingOptions {
  /** Of the host, absent = the calling thread's. Borrowed. */
  readonly namespace: NetNamespace | undefined;
  /** The holder's program, absent = the one beside this file. */
  readonly program?: URL;
}

export class Holding {
  readonly #namespace: NetNamespace | undefined;
  readonly #program: URL;
  readonly #path: string;
  /** One question at a time: its doors are few. */
  #turn: Promise<unknown> = Promise.resolve();
  #changes = 0;
  readonly #held = new Recent(
    async () => new Listed((await this.#unlessAbsent({ list: true }))?.held ?? [], endpointText),
    () => this.#changes,
  );

  constructor({ namespace, program }: HoldingOptions) {
    this.#namespace = namespace;
    this.#program = program ?? new URL('./holder.js', import.meta.url);
    const inode = namespace?.inode ?? statSync('/proc/thread-self/ns/net').ino;
    this.#path = `${FOLDER}/wormhole-udp-${inode}.sock`;
  }

  /** @throws {WormholeError} WH_ERR_TUNNEL_CONFLICT when the port is taken, WH_ERR_TUNNEL */
  async open(wish: EncapsulationWish): Promise<void> {
    this.#changes += 1;
    const answer = (await this.#unlessAbsent({ open: wish })) ?? (await this.#start({ open: wish }));
    this.#changes += 1;
    const { host, port } = wish.local;
    if (answer.failed === undefined) return;
    const message = `cannot open UDP port ${port} of ${host} for ESP: ${answer.failed}`;
    if (answer.failed !== 'EADDRINUSE') throw new WormholeError('WH_ERR_TUNNEL', message);
    throw new WormholeError('WH_ERR_TUNNEL_CONFLICT', message, { detail: { conflict: 'port' } });
  }

  async has(local: IpEndpoint): Promise<boolean> {
    return (await this.#held.get()).has(endpointText(local));
  }

  /** What is held. */
  async list(): Promise<readonly IpEndpoint[]> {
    return (await this.#held.get()).all;
  }

  /** Closes it; one that is not there is no failure. */
  async close(local: IpEndpoint): Promise<void> {
    this.#changes += 1;
    await this.#unlessAbsent({ close: local });
    this.#changes += 1;
  }

  /** Keepalives go there from now on. */
  async steer(local: IpEndpoint, remote: IpEndpoint): Promise<void> {
    await this.#unlessAbsent({ steer: { local, remote } });
  }

  /** Undefined when there is no holder; one that cut the question off may be there still, and is asked again. @throws */
  async #unlessAbsent(request: HolderRequest): Promise<HolderAnswer | undefined> {
    const ask = async (): Promise<HolderAnswer | undefined> => await orAbsent(this.#ask(request), ...ABSENT, ...CUT);
    const twice = async (): Promise<HolderAnswer | undefined> =>
      (await ask()) ?? (await orAbsent(this.#ask(request), ...ABSENT));
    const mine = this.#turn.then(twice, twice);
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  async #start(request: HolderRequest): Promise<HolderAnswer> {
    // Nobody listens there: what is left of one that was killed.
    rmSync(this.#path, { force: true });
    const words = [`--max-old-space-size=${HEAP_MIB}`, fileURLToPath(this.#program), this.#path];
    const start = () => spawn(process.execPath, words, { detached: true, stdio: 'ignore', cwd: '/', env: {} });
    const child = this.#namespace === undefined ? start() : this.#namespace.enter(start);
    child.unref();
    let ended: string | undefined;
    child.once('error', (error) => (ended = error.message));
    child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? code}`));
    for (let waited = 0; waited < START_MS && ended === undefined; waited += LOOK_MS) {
      await after(LOOK_MS);
      const answer = await orAbsent(this.#ask(request), ...ABSENT, ...CUT);
      if (answer !== undefined) return answer;
    }
    const why = ended ?? 'it does not answer';
    throw new WormholeError('WH_ERR_TUNNEL', `cannot start the process that holds the UDP sockets of tunnels: ${why}`);
  }

  #ask(request: HolderRequest): Promise<HolderAnswer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path);
      let line = '';
      const end = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      socket.setEncoding('utf8');
      socket.setTimeout(ANSWER_MS, () => end(new Error('the holder of UDP sockets does not answer')));
      socket.on('error', end);
      socket.on('data', (text: string) => {
        line += text;
        if (line.length > LINE_BYTES) end(new Error('the holder of UDP sockets says too much'));
      });
      socket.on('end', () => {
        socket.destroy();
        try {
          resolve(readAnswer(line));
        } catch (error) {
          reject(error);
        }
      });
      socket.write(`${JSON.stringify(request)}\n`);
    });
  }
}

const endpointText = ({ host, port }: IpEndpoint): string => `${host} ${port}`;
