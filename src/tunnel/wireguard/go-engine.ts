/**
 * wireguard-go: WireGuard as a program, for kernels without. It is started in the host's namespace, where its UDP socket stays, and
 * goes on when this process ends; when its interface is deleted it ends by itself.
 *
 * Keys go over its socket, never into arguments or environment.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import { deleteLink } from '../../sys/netlink/link.ts';
import type { WireguardDevice, WireguardPeerChange } from '../../sys/netlink/wireguard.ts';
import { findProgram } from '../abilities.ts';
import { orAbsent, unless } from '../failure.ts';
import type { NetworkStack } from '../stack.ts';
import type { DeviceSecrets, WireguardEngine } from './engine.ts';
import { type Peers, RecentLooks } from './recent-looks.ts';
import { askDevice, type KnownSecrets, readDevice, readSecrets, setDevice, setPeer } from './uapi.ts';
import { ask, forget, watch } from './uapi-socket.ts';

const PROGRAM = 'wireguard-go';
/** Between two looks at a program that starts or ends, at most: it mostly takes a few milliseconds. */
const LOOK_MS = 20;
const START_MS = 10_000;
const LISTEN_MS = 2_000;
const END_MS = 5_000;
/** No program answers there. */
const ABSENT = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'] as const;

export class GoEngine implements WireguardEngine {
  readonly linkKind = 'tun';
  readonly #path: string;
  /** Grows with all that is asked of programs, and when one ends. */
  #changes = 0;
  readonly #looks = new RecentLooks(
    (stack, name) => this.look(stack, name),
    () => this.#changes,
  );

  /** @param path where programs are searched */
  constructor(path = process.env['PATH'] ?? '') {
    this.#path = path;
  }

  async create(host: NetworkStack, name: string, secrets: DeviceSecrets): Promise<void> {
    if (await this.#answers(name)) throw taken(name);
    const child = this.#start(host, name);
    try {
      await this.#started(child, name);
      await this.#tell(name, setDevice(secrets), 'set key and port');
    } catch (error) {
      child.kill();
      const made = await host.link(name);
      if (made !== undefined) await unless(host.route.ask(deleteLink(made)), 'ENODEV');
      throw error;
    }
  }

  async look(_stack: NetworkStack, name: string): Promise<WireguardDevice | undefined> {
    const answer = await orAbsent(ask(name, askDevice, 'tell its peers'), ...ABSENT);
    return answer === undefined ? undefined : readDevice(answer);
  }

  lookAgain(stack: NetworkStack, name: string): Promise<Peers | undefined> {
    return this.#looks.get(stack, name);
  }

  /** What it was told, to start it again with. */
  async secrets(name: string): Promise<KnownSecrets> {
    return readSecrets(await ask(name, askDevice, 'tell its keys'));
  }

  async addPeer(_stack: NetworkStack, name: string, peer: WireguardPeerChange): Promise<void> {
    await this.#tell(name, setPeer('add', peer), 'add the peer');
  }

  async changePeer(_stack: NetworkStack, name: string, peer: WireguardPeerChange): Promise<void> {
    await this.#tell(name, setPeer('change', peer), 'change the peer');
  }

  async removePeer(_stack: NetworkStack, name: string, publicKey: Buffer): Promise<void> {
    await unless(this.#tell(name, setPeer('remove', { publicKey }), 'remove the peer'), ...ABSENT);
  }

  /** It opens the port some time after its interface was set up, and says nothing when it cannot. */
  async listening(stack: NetworkStack, name: string, listenPort: number): Promise<void> {
    const open = async (): Promise<boolean> => (await this.look(stack, name))?.listenPort === listenPort;
    if (await within(LISTEN_MS, open)) return;
    const message = `wireguard-go cannot open UDP port ${listenPort}: something else has it`;
    throw new WormholeError('WH_ERR_TUNNEL_CONFLICT', message);
  }

  async gone(name: string): Promise<void> {
    if (await within(END_MS, async () => !(await this.#answers(name)))) return forget(name);
    throw new WormholeError('WH_ERR_TUNNEL', `wireguard-go goes on without its interface ${name}`);
  }

  /** Calls back when the program has ended. */
  watch(name: string, onEnd: () => void): Disposable {
    return watch(name, () => {
      this.#changes += 1;
      onEnd();
    });
  }

  async #tell(name: string, change: string, what: string): Promise<void> {
    this.#changes += 1;
    try {
      await ask(name, change, what);
    } finally {
      this.#changes += 1;
    }
  }

  #start(host: NetworkStack, name: string): ChildProcess {
    const program = findProgram(PROGRAM, this.#path);
    if (program === undefined) throw new WormholeError('WH_ERR_KERNEL', 'the program wireguard-go is not installed');
    const start = (): ChildProcess => {
      // In a session of its own and without our standard streams: it outlives us.
      const options = { detached: true, stdio: 'ignore', cwd: '/', env: { LOG_LEVEL: 'silent' } } as const;
      return spawn(program, ['-f', name], options);
    };
    const child = host.namespace === undefined ? start() : host.namespace.enter(start);
    child.unref();
    return child;
  }

  async #started(child: ChildProcess, name: string): Promise<void> {
    let ended: string | undefined;
    child.once('error', (error) => (ended = error.message));
    child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? code}`));
    const there = await within(START_MS, async () => ended !== undefined || (await this.#answers(name)));
    if (there && ended === undefined) return;
    throw new WormholeError('WH_ERR_TUNNEL', `cannot start wireguard-go: ${ended ?? 'it does not answer'}`);
  }

  async #answers(name: string): Promise<boolean> {
    return (await orAbsent(ask(name, askDevice, 'answer'), ...ABSENT)) !== undefined;
  }
}

const taken = (name: string): WormholeError =>
  new WormholeError('WH_ERR_TUNNEL_CONFLICT', `a wireguard-go with an interface ${name} runs on this machine already`);

async function within(milliseconds: number, look: () => Promise<boolean>): Promise<boolean> {
  let pause = 1;
  for (let waited = 0; waited <= milliseconds; waited += pause) {
    if (await look()) return true;
    pause = Math.min(LOOK_MS, 1 + Math.floor(waited / 2));
    await after(pause);
  }
  return false;
}
