/**
 * Where the files of the kernel tests run: in worker processes inside one virtual machine, which is booted for the first
 * of them and ends with the run. The runner outside compiles the files and hears of each test as it ends, as it does of
 * those that run here.
 *
 * That is one of User-Mode Linux, in which programs are quick; or, where there is none or WORMHOLE_MACHINE=qemu asks for it, of QEMU.
 * Without either they run in a box on this kernel, and skip what it has not got, each with its reason; on CI that is a failure.
 */
import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, Vitest, WorkerRequest } from 'vitest/node';
import { box, boxPool } from '../box-pool.ts';
import { type Frame, Machine, type MachineKind } from './machine.ts';
import { packedPrograms } from './programs.ts';
import { qemu } from './qemu.ts';
import { uml } from './uml.ts';

/** The first one that can be booted is. */
const kinds: Readonly<Record<string, MachineKind>> = { uml, qemu };

/** The machine of this run, and the workers in it by number. */
class Guests {
  readonly kind: MachineKind;
  readonly #workers = new Map<number, MachineWorker>();
  #machine: Promise<Machine> | undefined;
  #programs = '';
  #last = 0;

  constructor(kind: MachineKind) {
    this.kind = kind;
  }

  async add(worker: MachineWorker, vitest: Vitest): Promise<{ machine: Machine; programs: string; number: number }> {
    this.#machine ??= this.#boot(vitest);
    const machine = await this.#machine;
    const number = ++this.#last;
    this.#workers.set(number, worker);
    return { machine, programs: this.#programs, number };
  }

  async #boot(vitest: Vitest): Promise<Machine> {
    // What is written after the boot may not be seen inside.
    this.#programs = await packedPrograms();
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
