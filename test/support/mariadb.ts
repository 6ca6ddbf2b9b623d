/**
 * A real MariaDB: servers in containers of a test's own engine, and the real client on this machine.
 *
 * Server and client come out of `scripts/build-mariadb-image.sh`, which downloads the distribution's packages once. A server
 * listens on its own 127.0.0.1:3306 and on /run/mysqld/mysqld.sock; whatever reaches it must have been inside.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { DockerHost } from './docker-host.ts';
import { type Ended, start } from './program.ts';
import { until } from './relay-wait.ts';

const IMAGE = 'wormhole/mariadb';
const root = new URL('../../', import.meta.url).pathname;
const cache = `${root}node_modules/.cache/mariadb`;
/** Who may do everything, from everywhere. */
const login = ['--user=app', '--password=secret', '--batch', '--skip-column-names'];

/** Where a client finds its server. */
export type Server = { readonly port: number; readonly host?: string } | { readonly socket: string };

export class MariaDb {
  readonly #host: DockerHost;

  private constructor(host: DockerHost) {
    this.#host = host;
  }

  /** Why there can be no servers here, as a reason to skip a test; undefined when there can. */
  static missing(): string | undefined {
    if (DockerHost.missing() !== undefined) return DockerHost.missing();
    if (existsSync(`${cache}/image.tar`)) return undefined;
    try {
      execFileSync(`${root}scripts/build-mariadb-image.sh`, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 });
      return undefined;
    } catch (error) {
      const said = String((error as { stderr?: Buffer }).stderr ?? error).trim();
      return `${said}; scripts/build-mariadb-image.sh makes one where there is a network`;
    }
  }

  /** Gives the engine the image. */
  static async importInto(host: DockerHost): Promise<MariaDb> {
    await host.docker(['import', '--change', 'CMD ["/bin/serve"]', `${cache}/image.tar`, IMAGE]);
    return new MariaDb(host);
  }

  /** Starts a server in a container, without any network unless told otherwise. @returns the container's full id */
  async run(name: string, flags: readonly string[] = ['--network=none']): Promise<string> {
    const id = await this.#host.docker(['run', '--detach', `--name=${name}`, ...flags, IMAGE]);
    await this.ready(name);
    return id;
  }

  /** A container with a client and no server. @returns its full id */
  runClient(name: string, flags: readonly string[] = ['--network=none']): Promise<string> {
    return this.#host.docker([
      'run',
      '--detach',
      '--stop-signal=KILL',
      `--name=${name}`,
      ...flags,
      IMAGE,
      'sleep',
      '86400',
    ]);
  }

  /** Waits for a server, asked inside its container. */
  async ready(name: string): Promise<void> {
    await until(`${name} serves`, () =>
      this.inside(name, { port: 3306 }, 'select 1').then(
        (answer) => answer === '1',
        () => false,
      ),
    );
  }

  /** Runs the client in a container. @returns what it printed, trimmed */
  inside(container: string, server: Server, query: string): Promise<string> {
    return this.#host.docker(['exec', container, 'mariadb', '--no-defaults', ...where(server), ...login, '-e', query]);
  }

  /** Runs the client on this machine. @returns what it printed, trimmed; rejects when it fails */
  async query(server: Server, query: string): Promise<string> {
    const { code, stdout, stderr } = await this.client(server, query);
    if (code !== 0) throw new Error(`mariadb: ${stderr.trim()}`);
    return stdout.trim();
  }

  client(server: Server, query: string): Promise<Ended> {
    const words = ['--no-defaults', ...where(server), ...login, '-e', query];
    return start(`${cache}/client/mariadb`, words, { env: { LD_LIBRARY_PATH: `${cache}/client` } }).ended;
  }

  /** Has a server keep something that tells it from others. */
  async sign(name: string, text: string): Promise<void> {
    await this.inside(
      name,
      { port: 3306 },
      `create table app.sign (text text); insert into app.sign values ('${text}')`,
    );
  }
}

/** What {@link MariaDb.sign} left behind. */
export const SIGN = 'select text from app.sign';

function where(server: Server): string[] {
  if ('socket' in server) return [`--socket=${server.socket}`];
  return ['--protocol=tcp', `--host=${server.host ?? '127.0.0.1'}`, `--port=${server.port}`, '--connect-timeout=10'];
}
