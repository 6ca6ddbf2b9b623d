/**
 * Runs the command line in this process, with a fake daemon and captured streams.
 */
import type { ConnectOptions, Daemon, Sink, Surroundings } from '../../src/cli/invocation.ts';
import { run } from '../../src/cli/run.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import type { Stats, Wormhole } from '../../src/spec/api.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What each `connect` was asked for. */
  readonly connects: readonly ConnectOptions[];
}

export interface CliWorld {
  readonly daemon?: Partial<Daemon>;
  readonly env?: Readonly<Record<string, string>>;
  /** Absent = the root. */
  readonly workingDirectory?: string;
  /** Makes stdout a terminal of so many columns. */
  readonly columns?: number;
  /** Replaces stdout's own behaviour, e.g. to fail. */
  readonly stdout?: Sink;
  readonly signal?: AbortSignal;
}

/** Runs `wormhole ARGV`; without a daemon given, connecting succeeds and every call says that nobody is there. */
export async function runCli(argv: readonly string[], world: CliWorld = {}): Promise<CliResult> {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr', columns?: number): Sink => ({
    write: (text, done) => {
      texts[name] += text;
      queueMicrotask(done);
    },
    isTTY: columns !== undefined,
    columns,
  });
  const connects: ConnectOptions[] = [];
  const surroundings: Surroundings = {
    argv,
    env: world.env ?? {},
    workingDirectory: () => world.workingDirectory ?? '/',
    stdout: world.stdout ?? sink('stdout', world.columns),
    stderr: sink('stderr'),
    connect: async (options) => {
      connects.push(options);
      return { ...absentDaemon(), ...world.daemon };
    },
    signal: world.signal ?? new AbortController().signal,
  };
  return { code: await run(surroundings), ...texts, connects };
}

/** A wormhole as the API shows it. */
export function aWormhole(changes: Partial<Wormhole> = {}, stats: Partial<Stats> = {}): Wormhole {
  return {
    id: 'brave-otter',
    url: 'tcp://127.0.0.1:3306',
    spec: 'url :3306 docker-ns db',
    labels: {},
    state: 'up',
    reason: '',
    head: 'tcp://127.0.0.1:3306',
    targets: ['db@127.0.0.1:3306'],
    createdAt: '2026-01-02T03:04:05.000Z',
    ...changes,
    stats: {
      connectionsOpen: 2,
      connectionsTotal: 10,
      connectionsFailed: 1,
      bytesIn: 1536,
      bytesOut: 3 * 1024 ** 3,
      dialP50Ms: 0.25,
      dialP99Ms: 12.5,
      datagramsIn: 0,
      datagramsOut: 0,
      datagramsDropped: 0,
      members: [],
      ...stats,
    },
  };
}

function absentDaemon(): Daemon {
  const absent = (): never => {
    throw new WormholeError('WH_ERR_DAEMON_UNREACHABLE', 'nothing listens on unix:///test.sock', {
      cause: new Error('connect ECONNREFUSED'),
    });
  };
  const asyncAbsent = async (): Promise<never> => absent();
  return {
    address: 'unix:///test.sock',
    health: asyncAbsent,
    ping: asyncAbsent,
    create: asyncAbsent,
    list: asyncAbsent,
    get: asyncAbsent,
    delete: asyncAbsent,
    stats: asyncAbsent,
    logs: absent,
    events: absent,
    doctor: asyncAbsent,
    containers: asyncAbsent,
    peers: asyncAbsent,
    join: asyncAbsent,
    leave: asyncAbsent,
    kick: asyncAbsent,
    tunnels: asyncAbsent,
    createTunnel: asyncAbsent,
    deleteTunnels: asyncAbsent,
    sweepTunnels: asyncAbsent,
    pingTunnel: asyncAbsent,
    invite: asyncAbsent,
    withdraw: asyncAbsent,
    joinInvitation: asyncAbsent,
    [Symbol.asyncDispose]: async () => {},
  };
}
