/**
 * What a verb is given, and what surrounds the program: the seams between the command line and its verbs.
 *
 * Verbs read nothing but their {@link Invocation}; only `main.ts` knows the process. Tests pass a fake of each.
 */
import type { Client } from '../client/index.ts';

/** A place for text: a `Writable`, as far as this program needs it. `done` is called once, after the write. */
export interface Sink {
  write(text: string, done: (error?: Error | null) => void): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal; absent when there is none. */
  readonly columns?: number | undefined;
}

/** The daemon as the verbs use it; interrupted by the signal that it was connected with. */
export type Daemon = AsyncDisposable &
  Pick<
    Client,
    | 'address'
    | 'health'
    | 'ping'
    | 'create'
    | 'list'
    | 'get'
    | 'delete'
    | 'stats'
    | 'logs'
    | 'events'
    | 'doctor'
    | 'containers'
    | 'peers'
    | 'join'
    | 'leave'
    | 'kick'
    | 'tunnels'
    | 'createTunnel'
    | 'deleteTunnels'
    | 'sweepTunnels'
    | 'pingTunnel'
    | 'invite'
    | 'withdraw'
    | 'joinInvitation'
  >;

/** Where to look for the daemon; all absent = the default socket. */
export interface Whereabouts {
  readonly address?: string;
  readonly socketPath?: string;
  readonly keyFile?: string;
}

export interface ConnectOptions extends Whereabouts {
  /** Milliseconds for each call; absent = the client's default. */
  readonly timeoutMs?: number;
  /** Interrupts every call. */
  readonly signal: AbortSignal;
}

export type Connect = (options: ConnectOptions) => Promise<Daemon>;

/** Everything outside the program, as `main.ts` finds it. */
export interface Surroundings {
  /** Words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths begin; throws when that directory is gone. */
  readonly workingDirectory: () => string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly connect: Connect;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
}

/** Options of the verb and of the program, by long name. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** One call of a verb. */
export interface Invocation {
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly whereabouts: Whereabouts;
  readonly surroundings: Surroundings;
  /** The daemon that the options name; owned by the caller. Nothing is sent yet. */
  open(): Promise<Daemon>;
}

/** Runs and answers with the exit code, or throws what `report.ts` shall tell. */
export type Verb = (call: Invocation) => Promise<number>;
