/**
 * One virtual machine with a kernel that has every tunnel: booted in seconds over this machine's own files, which it
 * cannot change, and spoken to through one port (see agent.mjs). Which kind of machine that is, is its maker's.
 *
 * It ends with the process that booted it, however that ends.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

/**
 * Its share of the processors, for `nice`: what runs beside it is quick and waits well, while in it everything is slow already, and
 * a daemon's time limits are those of real machines.
 */
const favoured = '-5';

/** Milliseconds until it has to be up; it takes four seconds when nothing else runs. */
const bootLimit = 120_000;

/** What machines are made of: scripts/vm-deps.sh. */
export const machineParts = resolve(import.meta.dirname, '../../../node_modules/.cache/vm');

/** Of one worker, both ways; the names are agent.mjs's. */
export interface Frame {
  readonly worker?: number;
  readonly ready?: true;
  readonly start?: object;
  readonly message?: unknown;
  readonly signal?: NodeJS.Signals;
  readonly out?: Uint8Array;
  readonly error?: Uint8Array;
  readonly exit?: readonly [number | null, NodeJS.Signals | null];
}

/** Starts a program that ends with the machine, at the latest when this process does. */
export type StartPart = (program: string, words: readonly string[], stdio: StdioOptions) => ChildProcess;

/** A way to have one. */
export interface MachineKind {
  /** How many times as long as on this machine everything takes there. */
  readonly patience: number;
  /** How many of this machine's processors one of them can use. */
  readonly processors: number;
  /** What is missing for one, in words; undefined when it can be booted. */
  readonly missing: () => string | undefined;
  /**
   * Begins to boot one.
   *
   * @param room a directory that goes with it; what the kernel says is in its file `console`
   * @returns the process that it is, and its port
   */
  begin(room: string, start: StartPart): Promise<{ readonly process: ChildProcess; readonly port: Duplex }>;
}

export class Machine implements Disposable {
  /** Called with what the workers say. */
  onFrame: (frame: Frame) => void = () => undefined;
  /** Called when it has ended, by itself or not. */
  onEnd: () => void = () => undefined;
  readonly #room = mkdtempSync(join(tmpdir(), 'wormhole-vm-'));
  readonly #children: ChildProcess[] = [];
  #port: Duplex | undefined;

  private constructor() {
    process.once('exit', () => this[Symbol.dispose]());
  }

  /** Boots one. The caller ends it; its process's end does as well. */
  static async boot(kind: MachineKind): Promise<Machine> {
    const machine = new Machine();
    try {
      const { process, port } = await kind.begin(machine.#room, (...what) => machine.#start(...what));
      machine.#port = port;
      // Its end is told by that of the process.
      port.on('error', () => undefined);
      await machine.#listen(process, port);
      return machine;
    } catch (error) {
      machine[Symbol.dispose]();
      throw error;
    }
  }

  send(frame: Frame): void {
    this.#port?.write(`${serialize(frame).toString('base64')}\n`);
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#room, { recursive: true, force: true });
  }

  /** A child that ends with this process, even when this one is killed. */
  #start(program: string, words: readonly string[], stdio: StdioOptions): ChildProcess {
    const child = spawn('nice', ['-n', favoured, 'setpriv', '--pdeathsig', 'KILL', program, ...words], { stdio });
    this.#children.push(child);
    return child;
  }

  /** Resolves once it is up; what it says later goes to `onFrame`. */
  #listen(machine: ChildProcess, port: Duplex): Promise<void> {
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(this.#failure('is not up in time')), bootLimit);
      machine.once('error', fail);
      machine.once('exit', () => {
        clearTimeout(late);
        fail(this.#failure('ended'));
        this.onEnd();
      });
      const lines = createInterface({ input: port, crlfDelay: 0 });
      // It repeats what the port tells.
      lines.on('error', () => undefined);
      lines.on('line', (line) => {
        const frame = deserialize(Buffer.from(line, 'base64')) as Frame;
        if (frame.ready !== true) return this.onFrame(frame);
        clearTimeout(late);
        done();
      });
    });
  }

  #failure(what: string): Error {
    const path = join(this.#room, 'console');
    const said = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-25).join('\n') : '';
    return new Error(`the virtual machine ${what}; its last words:\n${said}`);
  }
}
