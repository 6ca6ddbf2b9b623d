/**
 * A registry of a test's own: Debian's `docker-registry` on the loopback of a Docker host's namespace.
 *
 *     /run/netns/wormhole-… ── dockerd ──► 127.0.0.1:5000 docker-registry ── folder
 *
 * An engine asks a registry on its own loopback without TLS. Disposing ends it by pid and removes its folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, until } from './command.ts';
import { DockerHost, IMAGE } from './docker-host.ts';

const PROGRAM = '/usr/bin/docker-registry';
const PORT = 5000;

/** Who may use a registry with a login. */
export const LOGIN = { username: 'tester', password: 'secret' };
/** The only spelling of that password which the registry takes. */
const bcrypt = '$2b$04$.fLCNoz0Msc4r7aAzEmCl.m3PsTJY0.LWpjqKHtQFXyMsMSlNGZom';

export class Registry implements AsyncDisposable {
  /** What image references begin with. */
  readonly address = `127.0.0.1:${PORT}`;
  readonly #host: DockerHost;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  private constructor(host: DockerHost, directory: string) {
    this.#host = host;
    this.#directory = directory;
  }

  /** Why there can be no registry here, as a reason to skip a test; undefined when there can. */
  static missing(): string | undefined {
    return (
      DockerHost.missing() ?? (existsSync(PROGRAM) ? undefined : `needs ${PROGRAM} (apt-get install docker-registry)`)
    );
  }

  /** @param options `login`: only {@link LOGIN} may push and pull */
  static async start(host: DockerHost, options: { readonly login?: boolean } = {}): Promise<Registry> {
    const directory = await mkdtemp(join(tmpdir(), 'wormhole-registry-'));
    const registry = new Registry(host, directory);
    const users = join(directory, 'users');
    await writeFile(users, `${LOGIN.username}:${bcrypt}\n`);
    const config = {
      version: 0.1,
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, 'data') } },
      http: { addr: registry.address },
      ...(options.login === true && { auth: { htpasswd: { realm: 'test', path: users } } }),
    };
    // JSON is YAML.
    await writeFile(join(directory, 'config.yml'), JSON.stringify(config));
    try {
      await registry.resume();
      return registry;
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Makes an image of `layers` layers with `bytes` of noise each on top of the tiny one, and pushes it. @returns its reference */
  async publish(name: string, layers: number, bytes: number): Promise<string> {
    const reference = `${this.address}/${name}`;
    const noise = `busybox head -c ${bytes} /dev/urandom`;
    for (let layer = 0; layer < layers; layer++) {
      const from = layer === 0 ? IMAGE : reference;
      const made = await this.#host.run({
        flags: ['--network=none'],
        image: from,
        command: ['sh', '-c', `${noise} > /noise-${layer}`],
      });
      await this.#host.docker(['wait', made]);
      await this.#host.docker(['commit', '--change', 'CMD ["sleep", "86400"]', made, reference]);
      await this.#host.docker(['rm', made]);
    }
    await this.#host.docker(['push', '--quiet', reference]);
    return reference;
  }

  /** Starts it after {@link stop}, or lets it go on after {@link freeze}. */
  async resume(): Promise<void> {
    if (this.#process !== undefined) return void this.#process.kill('SIGCONT');
    const log = openSync(join(this.#directory, 'log'), 'a');
    const words = ['--pdeathsig=TERM', 'nsenter', `--net=/run/netns/${this.#host.namespace}`, PROGRAM, 'serve'];
    const child = spawn('setpriv', [...words, join(this.#directory, 'config.yml')], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    await until('the registry answers', () => this.#answers(), { alive: () => child.exitCode === null });
  }

  /** Connections are accepted, and nothing is answered, until {@link resume}. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  /** Ends it; what was pushed stays. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #answers(): Promise<boolean> {
    const words = ['--silent', '--output', '/dev/null', `http://${this.address}/v2/`];
    return command('nsenter', [`--net=/run/netns/${this.#host.namespace}`, 'curl', ...words]).then(
      () => true,
      () => false,
    );
  }
}
