/**
 * The virtual machine that rows are measured in which need more of a kernel than there may be here: the one of the kernel tests, with
 * two processors that QEMU emulates. Booted for the first row, and again after one that did not end.
 */
import { spawnSync } from 'node:child_process';
import { register } from 'node:module';
import { join } from 'node:path';
import { rootDir } from '../paths.mjs';

export const guestPackages = [
  { file: '/usr/bin/qemu-system-x86_64', name: 'qemu-system-x86' },
  { file: '/bin/busybox', name: 'busybox-static' },
  { file: '/usr/bin/cpio', name: 'cpio' },
  { file: '/sbin/depmod', name: 'kmod' },
];

/** Makes what it boots, unless it is there. @returns {string | undefined} why it cannot be had */
export function missingForGuest() {
  const made = spawnSync(join(rootDir, 'scripts/vm-deps.sh'), ['qemu'], {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  if (made.status === 0) return undefined;
  return (
    made.stderr
      ?.trim()
      .split('\n')
      .at(-1)
      ?.replace(/^test: /, '') || `scripts/vm-deps.sh qemu: ${made.error?.message ?? made.status}`
  );
}

const parts = new URL('../../test/support/vm/', import.meta.url);
const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
/** The machine ends with this process, when that ends by itself. */
const interrupted = () => process.exit(130);

export class Guest {
  /** @type {import('../../test/support/vm/machine.ts').Machine | undefined} */
  #machine;
  #programs = '';
  #last = 0;

  /**
   * @param {Record<string, string>} env what the row is told
   * @param {number} limitMs from its start
   * @param {(message: any) => void} heard what it sends by process.send()
   * @returns {Promise<0>} its exit status
   * @throws {Error} when it fails, takes longer, or the machine ends; that is ended then, with whatever is left in it
   */
  async run(env, limitMs, heard) {
    const machine = (this.#machine ??= await this.#boot());
    const worker = ++this.#last;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    for (const signal of signals) process.on(signal, interrupted);
    try {
      return await new Promise((done, fail) => {
        timer = setTimeout(() => fail(new Error(`it was ended after ${limitMs / 1000} s`)), limitMs);
        machine.onEnd = () => fail(new Error('the virtual machine ended'));
        machine.onFrame = ({ message, out, error, exit }) => {
          if (message !== undefined) heard(message);
          else if (out !== undefined || error !== undefined) process.stderr.write(out ?? error ?? '');
          else if (exit?.[0] === 0) done(0);
          else if (exit !== undefined) fail(new Error(`it ended with ${exit[1] ?? exit[0]}`));
        };
        const start = {
          box: join(rootDir, 'scripts/in-netns.sh'),
          entry: join(rootDir, 'bench/tunnel/row.mjs'),
          words: [process.execPath],
          env: { ...process.env, ...env, WORMHOLE_BENCH_PROGRAMS: this.#programs, WORMHOLE_BENCH_PATIENCE: '4' },
        };
        machine.send({ worker, start });
      });
    } catch (error) {
      this.end();
      throw error;
    } finally {
      for (const signal of signals) process.off(signal, interrupted);
      clearTimeout(timer);
    }
  }

  end() {
    this.#machine?.[Symbol.dispose]();
    this.#machine = undefined;
  }

  async #boot() {
    register('./typescript.mjs', import.meta.url);
    const { packedPrograms } = await import(new URL('programs.ts', parts).href);
    const { Machine } = await import(new URL('machine.ts', parts).href);
    const { qemu } = await import(new URL('qemu.ts', parts).href);
    this.#programs = await packedPrograms();
    return await Machine.boot(qemu);
  }
}
