/**
 * One host of a test: a network namespace, names of its own (`/etc/hosts`, host name), a daemon, maybe an engine.
 *
 * It shares the files of the machine. Its programs are of this process's making and end with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Scope } from '../../src/lib/scope.ts';
import type { Peer as PeerFacts, PeerList } from '../../src/spec/api-peer.ts';
import { AF_INET, SOCK_DGRAM } from '../../src/sys/constants.ts';
import { bindIp, socketIn } from '../../src/sys/sockets.ts';
import { command } from './command.ts';
import { Belongings, Daemon, type DaemonOptions } from './daemon.ts';
import { DockerHost } from './docker-host.ts';
import type { Internet, LinkOptions, Site } from './internet.ts';
import { Netns } from './netns.ts';
import { endProcessesIn } from './netns-processes.ts';
import { connectFrom, type Endpoint, type ServerThere, serveIn } from './netns-sockets.ts';
import { type Ended, type ProgramOptions, type Running, start } from './program.ts';
import type { Peer } from './relay-peer.ts';
import { UdpPeer } from './relay-udp.ts';
import { until } from './relay-wait.ts';

export interface HostOptions extends LinkOptions {
  /** An engine of its own; a further address, as `dockerd --host` takes it, if it is one. */
  readonly engine?: boolean | string;
  /** Its daemon's key; absent = that of all. */
  readonly key?: string;
  /** Of its daemon, beside those that let peers in. */
  readonly flags?: readonly string[];
  /** Its daemon's configuration, as in wormholed.yaml. */
  readonly config?: string;
  /** The test starts the daemon itself, with {@link Host.up}. */
  readonly down?: boolean;
}

export class Host implements AsyncDisposable {
  readonly name: string;
  readonly netns: Netns;
  readonly site: Site;
  readonly belongings: Belongings;
  readonly #options: HostOptions;
  readonly #scope: Scope;
  readonly #holder: ChildProcess;
  readonly #names = new Map<string, readonly string[]>();
  readonly #running = new Set<Running>();
  #engine: DockerHost | undefined;
  #daemon: Daemon | undefined;

  private constructor(
    name: string,
    options: HostOptions,
    made: { netns: Netns; site: Site; belongings: Belongings; holder: ChildProcess; scope: Scope },
  ) {
    this.name = name;
    this.#options = options;
    this.netns = made.netns;
    this.site = made.site;
    this.belongings = made.belongings;
    this.#holder = made.holder;
    this.#scope = made.scope;
  }

  /** Makes a host that is linked and has its engine; its daemon is started by {@link up}. */
  static async make(name: string, internet: Internet, options: HostOptions, key: string): Promise<Host> {
    await using building = new Scope(`host ${name}`);
    const netns = building.use(Netns.create());
    const site = await internet.link(name, netns, options);
    const belongings = building.use(new Belongings(options.key ?? key));
    const holder = hold(building);
    await until('the host has names of its own', () => readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n');
    const scope = new Scope(`host ${name}`);
    const host = new Host(name, options, { netns, site, belongings, holder, scope });
    host.knows(name, '127.0.0.1');
    await command('nsenter', [...host.#inside(), 'hostname', name]);
    await command('nsenter', [...host.#inside(), 'mount', '--bind', host.#hostsFile, '/etc/hosts']);
    const { engine = false } = options;
    if (engine !== false) {
      host.#engine = building.use(await DockerHost.start(netns, engine === true ? undefined : engine));
    }
    building.moveTo(scope);
    return host;
  }

  /** Its daemon, the last one that was started. */
  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error(`the daemon of host ${this.name} was not started`);
    return this.#daemon;
  }

  get engine(): DockerHost {
    if (this.#engine === undefined) throw new Error(`host ${this.name} has no engine`);
    return this.#engine;
  }

  /** What programs inside find their engine by. */
  get env(): Record<string, string> {
    return this.#engine === undefined ? {} : { DOCKER_HOST: this.#engine.address };
  }

  /** Gives another host's name to addresses, the first one first; none = the name is not known. */
  knows(other: string, ...addresses: readonly string[]): void {
    this.#names.set(other, addresses);
    const own = ['127.0.0.1 localhost', '::1 localhost'];
    const lines = [...this.#names].flatMap(([name, all]) => all.map((address) => `${address} ${name}`));
    writeFileSync(this.#hostsFile, `${[...own, ...lines].join('\n')}\n`);
  }

  /** Starts its daemon, again after it has ended: with the same key, state and socket unless said otherwise. */
  async up(changes: DaemonOptions = {}): Promise<Daemon> {
    const { flags = [], config } = this.#options;
    const file = join(this.belongings.folder, 'wormholed.yaml');
    if (config !== undefined) writeFileSync(file, config);
    const configured = config === undefined ? [] : ['--config', file];
    this.#daemon = await Daemon.start({
      of: this.belongings,
      under: ['nsenter', ...this.#inside(), `--wdns=${this.belongings.folder}`, '--'],
      ...changes,
      flags: ['-H', ':9999', ...configured, ...flags, ...(changes.flags ?? [])],
      env: { ...this.env, ...changes.env },
    });
    return this.#daemon;
  }

  /** Runs a program there, to its end. */
  run(words: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    return this.start(words, options).ended;
  }

  /** Starts a program there, which ends with the host at the latest. */
  start(words: readonly string[], options: ProgramOptions = {}): Running {
    const under = ['--pdeathsig=KILL', 'nsenter', ...this.#inside(), '--'];
    const running = start('setpriv', [...under, ...words], { ...options, env: { ...this.env, ...options.env } });
    this.#running.add(running);
    void running.ended.finally(() => this.#running.delete(running)).catch(() => undefined);
    return running;
  }

  /** A client there; rejects when refused. */
  connect(to: number | Endpoint): Promise<Peer> {
    const address = typeof to === 'number' ? { host: '127.0.0.1', port: to } : to;
    return connectFrom(this.netns.namespace, address);
  }

  /** A server there, on 127.0.0.1 and an ephemeral port unless said otherwise. */
  serve(onClient: (socket: Socket) => void, where: Partial<Endpoint> = {}): Promise<ServerThere> {
    return serveIn(this.netns.namespace, { host: '127.0.0.1', port: 0, ...where }, onClient);
  }

  /** A UDP socket there, on 127.0.0.1 and an ephemeral port unless said otherwise. */
  async udp({ host = '127.0.0.1', port = 0 }: Partial<Endpoint> = {}): Promise<UdpPeer> {
    const socket = socketIn(this.netns.namespace, AF_INET, SOCK_DGRAM);
    bindIp(socket.fd, { host, port });
    return await UdpPeer.adopt(socket.release());
  }

  /** Has its daemon join another one, and waits until they are linked. */
  async join(address: string, as: string = this.name): Promise<void> {
    const { status, body } = await this.daemon.ask('/v1/peers', { method: 'POST', json: { address, as } });
    if (status >= 300) throw new Error(`host ${this.name} cannot join ${address}: ${JSON.stringify(body)}`);
  }

  /** What its daemon says of a peer; rejects when it knows none of that name. */
  async peer(name: string): Promise<PeerFacts> {
    const { peers } = await this.daemon.get<PeerList>('/v1/peers');
    const found = peers.find((peer) => peer.name === name);
    if (found === undefined) throw new Error(`host ${this.name} knows no peer ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.alive === true) daemon.signal('SIGCONT');
    await daemon?.[Symbol.asyncDispose]();
    for (const { child } of this.#running) child.kill('SIGKILL');
    await Promise.all([...this.#running].map(({ ended }) => ended));
    await this.#engine?.[Symbol.asyncDispose]();
    await endProcessesIn(this.netns);
    await this.#scope[Symbol.asyncDispose]();
  }

  get #hostsFile(): string {
    return join(this.belongings.folder, 'hosts');
  }

  /** Words of nsenter. */
  #inside(): string[] {
    const { pid } = this.#holder;
    return [`--net=${this.netns.path}`, `--mount=/proc/${pid}/ns/mnt`, `--uts=/proc/${pid}/ns/uts`];
  }
}

/** A process that keeps namespaces for files' names and the host name; mounts of namespaces made later still get in. */
function hold(scope: Scope): ChildProcess {
  const words = ['--pdeathsig=KILL', 'unshare', '--mount', '--uts', '--propagation=slave', 'sleep', 'infinity'];
  const holder = spawn('setpriv', words, { stdio: 'ignore' });
  scope.defer(async () => {
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
  });
  return holder;
}
