/**
 * A reverse tunnel of whole programs, with certificates of its own.
 *
 *   this test ──TCP──► ./wormhole quic-server ══QUIC══ ./wormhole quic-agent ──TCP──► this test
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../../src/agent/certs/directory.ts';
import { Scope } from '../../src/lib/scope.ts';
import { until } from './command.ts';
import { portOf } from './local.ts';
import { type Ended, program, type Running, start } from './program.ts';
import type { TargetServer } from './relay-targets.ts';

/** A program of the tunnel, ended with the test. */
export interface Started extends AsyncDisposable {
  readonly child: Running['child'];
  readonly ended: Promise<Ended>;
  /** Everything it has told. */
  readonly log: string;
  /** Waits until it has told this, `times` times. */
  tells(text: string, times?: number): Promise<void>;
  /** Resident memory in bytes. */
  readonly memory: number;
}

export interface ServerStarted extends Started {
  /** Ports where clients come in. */
  readonly ports: number[];
  readonly quicPort: number;
}

export class TunnelWorld implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'wormhole-tunnel-'));

  constructor(...clients: string[]) {
    makeCertificates({ directory: this.directory, clients: [], serverName: 'quic-tunnel-server', days: 1 });
    if (clients.length > 0) {
      makeCertificates({ directory: this.directory, clients, serverName: 'quic-tunnel-server', days: 1 });
    }
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  async server(listen = '127.0.0.1:0', quic = '127.0.0.1:0', more: readonly string[] = []): Promise<ServerStarted> {
    const files = ['--cert-file', 'tls.crt', '--cert-key', 'tls.key', '--client-ca-file', 'ca.crt'];
    const started = this.run(['quic-server', '--listen-tcp', listen, '--listen-quic', quic, ...files, ...more]);
    await started.tells('listening for clients', listen.split(',').length);
    const ports = [...started.log.matchAll(/ tcp=\S+:(\d+)/g)].map(([, port]) => Number(port));
    return Object.assign(started, { ports, quicPort: Number(/ quic=\S+:(\d+)/.exec(started.log)?.[1]) });
  }

  /** @param name whose certificate it has */
  agent(quicPort: number, more: readonly string[], name = 'client'): Started {
    const files = ['--ca-file', 'ca.crt', '--cert-file', `${name}.crt`, '--cert-key', `${name}.key`];
    return this.run(['quic-agent', '--server', `127.0.0.1:${quicPort}`, ...files, ...more]);
  }

  run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
    const options = { cwd: this.directory, env };
    const { child, ended, output } = start(program('wormhole'), [...words, '--verbose'], options);
    const state = { over: false };
    void ended.then(() => (state.over = true));
    return {
      child,
      ended,
      get log() {
        return output.stderr;
      },
      tells: (text, times = 1) =>
        until(`${words[0]} tells ${text}`, () => output.stderr.split(text).length > times, {
          alive: () => !state.over,
        }),
      get memory() {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1_024;
      },
      async [Symbol.asyncDispose]() {
        child.kill('SIGCONT');
        child.kill('SIGKILL');
        await ended;
      },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** A server and one agent of it that is connected, with certificates of their own. */
export class OpenTunnel implements AsyncDisposable {
  readonly server: ServerStarted;
  readonly agent: Started;
  readonly #scope = new Scope('tunnel');

  private constructor(server: ServerStarted, agent: Started, building: Scope) {
    this.server = server;
    this.agent = agent;
    building.moveTo(this.#scope);
  }

  /** @param more words of the agent */
  static async start(more: readonly string[]): Promise<OpenTunnel> {
    await using building = new Scope('tunnel');
    const world = building.use(new TunnelWorld());
    const server = building.use(await world.server());
    const agent = building.use(world.agent(server.quicPort, more));
    await agent.tells('connected');
    return new OpenTunnel(server, agent, building);
  }

  /** Where clients come in. */
  get port(): number {
    return this.server.ports[0] ?? 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }
}

/** Words of an agent that leads to one service of this machine. */
export const to = (service: TargetServer): string[] => ['--upstream', `127.0.0.1:${portOf(service)}`];
