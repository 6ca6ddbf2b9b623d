/**
 * One virtual machine with a kernel that has every tunnel: booted in seconds over this machine's own files, which it
 * cannot change, and spoken to through one port (see agent.mjs).
 *
 * QEMU emulates the processor, so that it runs on any machine, also inside another virtual one; programs are slower in
 * it by a factor of ten or so. It ends with the process that booted it, however that ends.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { deserialize, serialize } from 'node:v8';
import { until } from '../command.ts';

/** MiB; programs' files and what tests write are in it, too. Given by the host only when it is touched. */
const memory = 3072;

/**
 * Its share of the processors, for `nice`: what runs beside it is quick and waits well, while in it everything is slow already, and
 * a daemon's time limits are those of real machines.
 */
const favoured = '-5';

/** Milliseconds until it has to be up; it takes four seconds when nothing else runs. */
const bootLimit = 120_000;

const here = import.meta.dirname;
const cache = resolve(here, '../../../node_modules/.cache/vm');

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

/** What is missing for one, in words; undefined when it can be booted. */
export function missingForMachine(): string | undefined {
  const made = existsSync(cache) && readdirSync(cache).some((name) => name.startsWith('made-'));
  return made ? undefined : 'there is no virtual machine; scripts/vm-deps.sh makes one';
}

function fileServer(): string {
  const places = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'];
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no virtiofsd in ${places.join(' or ')}`);
  return found;
}

export class Machine implements Disposable {
  /** Called with what the workers say. */
  onFrame: (frame: Frame) => void = () => undefined;
  /** Called when it has ended, by itself or not. */
  onEnd: () => void = () => undefined;
  readonly #room = mkdtempSync(join(tmpdir(), 'wormhole-vm-'));
  readonly #children: ChildProcess[] = [];
  #port: Socket | undefined;

  private constructor() {
    process.once('exit', () => this[Symbol.dispose]());
  }

  /** Boots one. The caller ends it; its process's end does as well. */
  static async boot(): Promise<Machine> {
    const machine = new Machine();
    try {
      await machine.#boot();
      return machine;
    } catch (error) {
      machine[Symbol.dispose]();
      throw error;
    }
  }

  send(frame: Frame): void {
    this.#port?.write(`${serialize(frame).toString('base64')}\n`);
  }

  async #boot(): Promise<void> {
    const files = join(this.#room, 'files');
    const share = ['-o', 'source=/', '-o', 'sandbox=chroot', '-o', 'cache=always', '-o', 'xattr', '-f'];
    const server = this.#start(fileServer(), [`--socket-path=${files}`, ...share], ['ignore', 'ignore', 'ignore']);
    await until('the file server is there', () => existsSync(files), { alive: () => server.exitCode === null });
    const words = emulator(files, join(this.#room, 'console'), this.#ticks());
    const qemu = this.#start('qemu-system-x86_64', words, ['ignore', 'ignore', 'inherit', 'pipe']);
    this.#port = qemu.stdio[3] as Socket;
    // Its end is told by that of the process.
    this.#port.on('error', () => undefined);
    await this.#listen(qemu, this.#port);
  }

  /** Of the processor, in kHz; see tsc.c. */
  #ticks(): string {
    const program = join(this.#room, 'tsc');
    execFileSync('gcc', ['-O2', '-o', program, join(here, 'tsc.c')]);
    return execFileSync(program, { encoding: 'utf8' }).trim();
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#room, { recursive: true, force: true });
  }

  /** A child that ends with this process, even when this one is killed. */
  #start(program: string, words: readonly string[], stdio: ('ignore' | 'inherit' | 'pipe')[]): ChildProcess {
    const child = spawn('nice', ['-n', favoured, 'setpriv', '--pdeathsig', 'KILL', program, ...words], { stdio });
    this.#children.push(child);
    return child;
  }

  /** Resolves once it is up; what it says later goes to `onFrame`. */
  #listen(qemu: ChildProcess, port: Socket): Promise<void> {
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(this.#failure('is not up in time')), bootLimit);
      qemu.once('error', fail);
      qemu.once('exit', () => {
        clearTimeout(late);
        fail(this.#failure('ended'));
        this.onEnd();
      });
      createInterface({ input: port, crlfDelay: 0 }).on('line', (line) => {
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

/** The words for the emulator. @param socket of the file server @param console file for the kernel's lines @param ticks see `#ticks` */
function emulator(socket: string, console: string, ticks: string): string[] {
  const told = `wormhole.layer=${cache}/layer wormhole.guest=${here}/guest.sh wormhole.node=${process.execPath}`;
  // Without mitigations against other guests: there are none, and each costs an emulated processor dearly.
  const quick = `mitigations=off tsc=reliable tsc_early_khz=${ticks} no_timer_check random.trust_cpu=on nokaslr`;
  const files = [`socket,id=files,path=${socket}`, 'vhost-user-fs-pci,chardev=files,tag=host,queue-size=1024'] as const;
  const port = ['socket,id=port,fd=3', 'virtserialport,chardev=port,nr=1'] as const;
  const words = [
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ['-machine', 'q35,memory-backend=memory', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-smp', '2'],
    ['-m', `${memory}`, '-object', `memory-backend-memfd,id=memory,size=${memory}M,share=on`],
    ['-kernel', join(cache, 'vmlinuz'), '-initrd', join(cache, 'initrd.gz')],
    ['-append', `console=ttyS0 quiet loglevel=4 panic=-1 ${quick} ${told}`, '-serial', `file:${console}`],
    ['-chardev', files[0], '-device', files[1], '-device', 'virtio-rng-pci'],
    ['-device', 'virtio-serial-pci', '-chardev', port[0], '-device', port[1]],
  ];
  return words.flat();
}
