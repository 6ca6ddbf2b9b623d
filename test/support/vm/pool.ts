/**
 * Where the files of the kernel tests run: in worker processes inside virtual machines, of which there are so many that this machine's
 * processors have work, at most two. Each is booted when those before it have something to do, and ends with the run. The runner
 * outside compiles the files and hears of each test as it ends, as it does of those that run here.
 *
 * They are of User-Mode Linux, in which programs are quick; or, where there is none or WORMHOLE_MACHINE=qemu asks for it, of QEMU.
 * Without either they run in a box on this kernel, and skip what it has not got, each with its reason; on CI that is a failure.
 */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, Vitest, WorkerRequest } from 'vitest/node';
import { box, boxPool } from '../box-pool.ts';
import { type Frame, Machine, type MachineKind } from './machine.ts';
import { packedPrograms } from './programs.ts';
import { qemu } from './qemu.ts';
import { uml } from './uml.ts';

/** The first one that can be booted is. */
const kinds: Readonly<Record<string, MachineKind>> = { uml, qemu };

/** They cost memory, and what runs beside the tests of this project wants a processor, too. */
const mostMachines = 2;

/** One machine of this run, and the workers in it by number. */
class Guest {
  readonly kind: MachineKind;
  readonly #workers = new Map<number, MachineWorker>();
  readonly #machine: Promise<Machine>;
  #last = 0;

  /** Begins to boot it. */
  constructor(kind: MachineKind, programs: Promise<string>, vitest: Vitest) {
    this.kind = kind;
    this.#machine = this.#boot(programs, vitest);
    // Told to each worker that is added.
    this.#machine.catch(() => undefined);
  }

  /** How many workers run in it. */
  get busy(): number {
    return this.#workers.size;
  }

  async add(worker: MachineWorker): Promise<{ machine: Machine; number: number }> {
    const number = ++this.#last;
    this.#workers.set(number, worker);
    return { machine: await this.#machine, number };
  }

  async #boot(programs: Promise<string>, vitest: Vitest): Promise<Machine> {
    // What is written after the boot may not be seen inside.
    await programs;
    const machine = await Machine.boot(this.kind);
    vitest.onClose(() => machine[Symbol.dispose]());
    machine.onFrame = (frame) => {
      const number = frame.worker ?? 0;
      this.#workers.get(number)?.hear(frame);
      if (frame.exit !== undefined) this.#workers.delete(number);
    };
    machine.onEnd = () => {
      for (const worker of this.#workers.values()) worker.hear({ exit: [null, 'SIGKILL'] });
    };
    return machine;
  }
}

/** The machines of this run. */
class Guests {
  readonly kind: MachineKind;
  readonly #most: number;
  readonly #guests: Guest[] = [];
  #programs: Promise<string> | undefined;

  constructor(kind: MachineKind) {
    this.kind = kind;
    this.#most = Math.max(1, Math.trunc(Math.min(availableParallelism(), mostMachines) / kind.processors));
  }

  /** Adds it where the fewest are. */
  async add(worker: MachineWorker, vitest: Vitest): Promise<{ machine: Machine; programs: string; number: number }> {
    this.#programs ??= packedPrograms();
    let least = this.#guests.toSorted((one, other) => one.busy - other.busy)[0];
    if (least === undefined || (least.busy > 0 && this.#guests.length < this.#most)) {
      least = new Guest(this.kind, this.#programs, vitest);
      this.#guests.push(least);
    }
    return { ...(await least.add(worker)), programs: await this.#programs };
  }
}

class MachineWorker extends EventEmitter implements PoolWorker {
  readonly name = 'forks';
  /** Compiled modules come over the channel: what is written after the boot may not be seen inside. */
  readonly cacheFs = false;
  readonly #options: PoolOptions;
  readonly #guests: Guests;
  #running: { machine: Machine; programs: string; number: number } | undefined;
  #ended = false;

  constructor(options: PoolOptions, guests: Guests) {
    super();
    this.#options = options;
    this.#guests = guests;
  }

  async start(): Promise<void> {
    const { distPath, execArgv, env, project } = this.#options;
    this.#running ??= await this.#guests.add(this, project.vitest);
    const entry = resolve(distPath, 'workers/forks.js');
    this.#send({
      start: {
        box,
        entry,
        words: [process.execPath, ...execArgv],
        env: {
          ...env,
          WORMHOLE_TEST_PATIENCE: `${this.#guests.kind.patience}`,
          WORMHOLE_TEST_PROGRAMS: this.#running.programs,
        },
      },
    });
  }

  async stop(): Promise<void> {
    if (this.#running === undefined || this.#ended) return;
    const ended = new Promise((done) => this.once('exit', done));
    this.#send({ signal: 'SIGKILL' });
    await ended;
  }

  send(message: WorkerRequest): void {
    if (message.type !== 'stop') return this.#send({ message });
    // All its results are here, and what it has to put away ends with its process: nobody waits for its answer.
    queueMicrotask(() => this.emit('message', { type: 'stopped', __vitest_worker_response__: true }));
  }

  deserialize(data: unknown): unknown {
    return data;
  }

  hear({ message, out, error, exit }: Frame): void {
    const { outputStream, errorStream } = this.#options.project.vitest.logger;
    if (out !== undefined) outputStream.write(out);
    else if (error !== undefined) errorStream.write(error);
    else if (exit === undefined) this.emit('message', message);
    else {
      this.#ended = true;
      this.emit('exit', ...exit);
    }
  }

  #send(frame: Frame): void {
    const { machine, number } = this.#running ?? {};
    machine?.send({ worker: number ?? 0, ...frame });
  }
}

/** @returns where the kernel tests run on this machine */
export function machinePool(): PoolRunnerInitializer {
  const wanted = process.env['WORMHOLE_MACHINE'];
  const tried = Object.entries(kinds).filter(([name]) => wanted === undefined || name === wanted);
  const kind = tried.find(([, { missing }]) => missing() === undefined)?.[1];
  if (kind !== undefined) {
    const guests = new Guests(kind);
    return { name: 'machine', createPoolWorker: (options) => new MachineWorker(options, guests) };
  }
  const reason =
    tried.map(([, { missing }]) => missing()).join('; ') ||
    `WORMHOLE_MACHINE is none of ${Object.keys(kinds).join(', ')}`;
  return {
    name: 'machine',
    createPoolWorker(options) {
      if (process.env['CI'] !== undefined || wanted !== undefined) throw new Error(reason);
      return boxPool.createPoolWorker(options);
    },
  };
}
