/**
 * A Docker host of a test's own: a private dockerd in a network namespace of its own, with one tiny image.
 *
 *     machine ── /run/netns/wormhole-<pid>-<n> ── dockerd ── docker0 172.29.0.1/16 ── containers
 *                └ unix:///tmp/wormhole-docker-…/docker.sock
 *
 * Nothing in it can reach, or be reached from, the machine's own network. Disposing removes the containers, the
 * daemon (by pid), its mounts, its namespace and its directory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, until } from './command.ts';
import { importBusybox } from './docker-image.ts';
import { engineAnswers, mountsBelow } from './engine-process.ts';
import { Netns } from './netns.ts';

/** Image of every container; its command is `sleep 86400`. */
export const IMAGE = 'wormhole/test';

/** Where Debian has it, or else Ubuntu and Docker's own packages. */
const DOCKERD = ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find((path) => existsSync(path)) ?? '/usr/sbin/dockerd';

/** How {@link DockerHost.run} starts a container. */
export interface RunOptions {
  readonly name?: string;
  /** As `docker run --network`. */
  readonly network?: string;
  /** Default: {@link IMAGE}. */
  readonly image?: string;
  /** Further flags of `docker run`. */
  readonly flags?: readonly string[];
  /** Words run instead of the image's command. */
  readonly command?: readonly string[];
}

export class DockerHost implements AsyncDisposable {
  /** Name of its namespace under /run/netns; the daemon and its bridges live in it. */
  readonly namespace: string;
  /** Everything it keeps on disk. */
  readonly directory: string;
  /** Absent when it was borrowed. */
  readonly #own: Netns | undefined;
  readonly #listen: string | undefined;
  #process: ChildProcess | undefined;

  private constructor(namespace: string, directory: string, own: Netns | undefined, listen: string | undefined) {
    this.namespace = namespace;
    this.directory = directory;
    this.#own = own;
    this.#listen = listen;
  }

  /** Why no Docker host can be had here, as a reason to skip a test; undefined when one can. */
  static missing(): string | undefined {
    if (process.getuid?.() !== 0) return 'needs root';
    const absent = [DOCKERD, '/bin/busybox'].filter((path) => !existsSync(path));
    return absent.length === 0 ? undefined : `needs ${absent.join(', ')} (apt-get install docker.io busybox-static)`;
  }

  /**
   * @param borrowed where it runs instead of a namespace of its own
   * @param listen a further address, as `dockerd --host` takes it
   */
  static async start(borrowed?: Netns, listen?: string): Promise<DockerHost> {
    const missing = DockerHost.missing();
    if (missing !== undefined) throw new Error(`no Docker host can be started here: ${missing}`);
    const netns = borrowed ?? Netns.create();
    const folder = await mkdtemp(join(tmpdir(), 'wormhole-docker-'));
    const host = new DockerHost(netns.name, folder, borrowed === undefined ? netns : undefined, listen);
    try {
      await host.startEngine();
      await importBusybox(IMAGE, (words) => host.docker(words));
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socketPath(): string {
    return join(this.directory, 'docker.sock');
  }

  /** For DOCKER_HOST. */
  get address(): string {
    return `unix://${this.socketPath}`;
  }

  /** Starts dockerd again after {@link stopEngine}; containers with a restart policy come back with it. */
  async startEngine(): Promise<void> {
    const log = openSync(join(this.directory, 'log'), 'a');
    const words = [
      // The kernel ends dockerd with us, even when the test process is killed.
      '--pdeathsig=TERM',
      'nsenter',
      `--net=/run/netns/${this.namespace}`,
      DOCKERD,
      `--data-root=${join(this.directory, 'data')}`,
      `--exec-root=${join(this.directory, 'exec')}`,
      `--pidfile=${join(this.directory, 'pid')}`,
      `--host=${this.address}`,
      ...(this.#listen === undefined ? [] : [`--host=${this.#listen}`]),
      '--bip=172.29.0.1/16',
      '--shutdown-timeout=2',
    ];
    const engine = spawn('setpriv', words, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#process = engine;
    try {
      await until('dockerd answers', () => engineAnswers(this.socketPath), { alive: () => engine.exitCode === null });
    } catch (cause) {
      const tail = (await readFile(join(this.directory, 'log'), 'utf8')).split('\n').slice(-12).join('\n');
      throw new Error(`dockerd did not start:\n${tail}`, { cause });
    }
  }

  /** Ends dockerd, and with it all containers. */
  async stopEngine(): Promise<void> {
    const engine = this.#process;
    this.#process = undefined;
    if (engine === undefined || engine.exitCode !== null || engine.signalCode !== null) return;
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    engine.kill('SIGTERM');
    const late = setTimeout(() => engine.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(late);
  }

  /** Runs the `docker` client against this host: `docker(['inspect', 'web'])`. */
  docker(words: readonly string[], stdin?: string | Uint8Array): Promise<string> {
    const env = { ...process.env, DOCKER_HOST: this.address };
    return command('docker', words, stdin === undefined ? { env } : { env, stdin });
  }

  /** Starts a detached container that stops at once when told to. @returns its full id */
  run(options: RunOptions = {}): Promise<string> {
    const { name, network, image = IMAGE, flags = [], command: words = [] } = options;
    const given = [
      ...flags,
      ...(name === undefined ? [] : [`--name=${name}`]),
      ...(network === undefined ? [] : [`--network=${network}`]),
    ];
    return this.docker(['run', '--detach', '--stop-signal=KILL', ...given, image, ...words]);
  }

  /** Runs a shell script inside a container. @returns its trimmed stdout */
  sh(container: string, script: string): Promise<string> {
    return this.docker(['exec', container, 'sh', '-c', script]);
  }

  /** The container's first process, as this machine counts; 0 when it is stopped. */
  async pid(container: string): Promise<number> {
    return Number(await this.docker(['inspect', '--format', '{{.State.Pid}}', container]));
  }

  /** Removes every container, running or not. */
  async clear(): Promise<void> {
    const ids = (await this.docker(['ps', '--all', '--quiet', '--no-trunc'])).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await this.docker(['rm', '--force', '--volumes', ...ids]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined && (await engineAnswers(this.socketPath)))
      await this.clear().catch(() => undefined);
    await this.stopEngine();
    for (const mount of await mountsBelow(this.directory)) await command('umount', ['--lazy', mount]);
    this.#own?.[Symbol.dispose]();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
