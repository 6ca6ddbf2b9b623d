/**
 * A Podman of a test's own: its storage, its containers, and the service that speaks Docker's API on a socket.
 *
 *     DIR ── root, run, tmp ── podman run … (containers: runc, conmon)
 *         └─ podman.sock ◄─── podman system service ◄─── wormholed
 *
 * Podman has no daemon: containers are started by the command line, and the service may come and go without them.
 * Disposing removes the containers, ends the service by its pid, and removes the directory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, until } from './command.ts';
import { importBusybox } from './docker-image.ts';
import { engineAnswers, mountsBelow } from './engine-process.ts';

const PODMAN = '/usr/bin/podman';
const IMAGE = 'localhost/wormhole/test';

/**
 * Limits that a machine without CAP_SYS_RESOURCE can give, too; the runtime that came with Docker; locks and events in
 * files of its own, where they neither meet those of the machine's Podman nor need systemd's journal.
 */
const configuration = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
`;

export class PodmanHost implements AsyncDisposable {
  /** Everything it keeps on disk. */
  readonly directory: string;
  #service: ChildProcess | undefined;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Why no Podman can be had here, as a reason to skip a test; undefined when one can. */
  static missing(): string | undefined {
    if (process.getuid?.() !== 0) return 'needs root';
    const absent = [PODMAN, '/bin/busybox'].filter((path) => !existsSync(path));
    return absent.length === 0 ? undefined : `needs ${absent.join(', ')} (apt-get install podman busybox-static)`;
  }

  static async start(): Promise<PodmanHost> {
    const host = new PodmanHost(await mkdtemp(join(tmpdir(), 'wormhole-podman-')));
    try {
      await writeFile(join(host.directory, 'containers.conf'), configuration);
      await importBusybox(IMAGE, (words) => host.podman(words));
      await host.startService();
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socketPath(): string {
    return join(this.directory, 'podman.sock');
  }

  /** For DOCKER_HOST. */
  get address(): string {
    return `unix://${this.socketPath}`;
  }

  /** Starts the service again after {@link stopService}. */
  async startService(): Promise<void> {
    const log = openSync(join(this.directory, 'log'), 'a');
    const words = [...this.#own, 'system', 'service', '--time=0', this.address];
    // The kernel ends it with us, even when the test process is killed.
    const service = spawn('setpriv', ['--pdeathsig=TERM', PODMAN, ...words], {
      stdio: ['ignore', log, log],
      env: this.#env,
    });
    closeSync(log);
    this.#service = service;
    try {
      await until('podman answers', () => engineAnswers(this.socketPath), { alive: () => service.exitCode === null });
    } catch (cause) {
      throw new Error(`podman's service did not start:\n${await readFile(join(this.directory, 'log'), 'utf8')}`, {
        cause,
      });
    }
  }

  /** Ends the service; the containers run on. */
  async stopService(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    if (service === undefined || service.exitCode !== null || service.signalCode !== null) return;
    const ended = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    const late = setTimeout(() => service.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  }

  /** Runs podman's command line on this host's storage: `podman(['inspect', 'web'])`. */
  podman(words: readonly string[]): Promise<string> {
    return command(PODMAN, [...this.#own, ...words], { env: this.#env });
  }

  /** Starts a detached container that has a network of its own, or what `flags` say. @returns its full id */
  run(name: string, words: readonly string[] = [], flags: readonly string[] = ['--network=none']): Promise<string> {
    return this.podman(['run', '--detach', '--stop-signal=KILL', `--name=${name}`, ...flags, IMAGE, ...words]);
  }

  /** The container's first process, as this machine counts; 0 when it is stopped. */
  async pid(container: string): Promise<number> {
    return Number(await this.podman(['inspect', '--format', '{{.State.Pid}}', container]));
  }

  /** Removes every container, running or not. */
  async clear(): Promise<void> {
    // One by one: with --all it may begin with one that another's network depends on, and refuses.
    for (const id of (await this.podman(['ps', '--all', '--quiet', '--no-trunc'])).split('\n').filter(Boolean)) {
      await this.podman(['rm', '--depend', '--force', '--ignore', '--time=0', '--volumes', id]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear().catch((error: unknown) => console.log(`podman: containers may be left: ${String(error)}`));
    await this.stopService();
    for (const mount of await mountsBelow(this.directory)) await command('umount', ['--lazy', mount]);
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  get #own(): string[] {
    const { directory } = this;
    return [`--root=${directory}/root`, `--runroot=${directory}/run`, `--tmpdir=${directory}/tmp`];
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, CONTAINERS_CONF: join(this.directory, 'containers.conf') };
  }
}
