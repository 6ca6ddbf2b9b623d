/**
 * A network namespace of a test's own: only a loopback interface, no way to anywhere.
 *
 * A test file enters one for good, so that every socket it makes and every program it starts is in there, and visits
 * others to leave a server or a client behind; or it stays outside and has the code under test enter. What was started in
 * a namespace keeps it; disposing takes its name away.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, statSync } from 'node:fs';
import { CLONE_NEWNET } from '../../src/sys/constants.ts';
import { check } from '../../src/sys/errno.ts';
import { setns } from '../../src/sys/libc.ts';
import { NetNamespace } from '../../src/sys/netns.ts';

export class Netns implements Disposable {
  /** Under /run/netns; '' for one that somebody else made. */
  readonly name: string;
  /** A file that opens it. */
  readonly path: string;
  #named: boolean;
  #namespace: NetNamespace | undefined;

  private constructor(path: string, name: string) {
    this.path = path;
    this.name = name;
    this.#named = name !== '';
  }

  /** Why there can be none, as a reason to skip a test; undefined when there can. */
  static missing(): string | undefined {
    if (process.getuid?.() !== 0) return 'a network namespace takes root';
    try {
      execFileSync('ip', ['-V'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return 'the program `ip` (iproute2) is not installed';
    }
  }

  /** Makes one that the caller owns. */
  static create(): Netns {
    const name = `wormhole-${process.pid}-${randomBytes(3).toString('hex')}`;
    execFileSync('ip', ['netns', 'add', name]);
    const made = new Netns(`/run/netns/${name}`, name);
    made.ip('link', 'set', 'lo', 'up');
    made.#namespace = NetNamespace.named(name);
    return made;
  }

  /** One of an `ip netns` name, which stays its maker's. */
  static named(name: string): Netns {
    return new Netns(`/run/netns/${name}`, '');
  }

  /** One that a process is in, e.g. a container's first. */
  static ofProcess(pid: number): Netns {
    return new Netns(`/proc/${pid}/ns/net`, '');
  }

  /** Moves this process in, out again when disposed. Only its main thread, which makes all sockets and children. */
  enter(): Disposable {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    const inside = openSync(this.path, 'r');
    try {
      check('setns', setns(inside, CLONE_NEWNET));
    } finally {
      closeSync(inside);
    }
    return {
      [Symbol.dispose]() {
        check('setns', setns(home, CLONE_NEWNET));
        closeSync(home);
      },
    };
  }

  /** Has `work` done inside; nothing else may be under way in this process. */
  async visit<T>(work: () => Promise<T>): Promise<T> {
    using _inside = this.enter();
    return await work();
  }

  /** Kernel identity: equal numbers are the same namespace. */
  get inode(): number {
    return statSync(this.path).ino;
  }

  /** A handle on it, closed with it; only of one that was made here. */
  get namespace(): NetNamespace {
    if (this.#namespace === undefined) throw new Error(`${this.path} was not made by this test`);
    return this.#namespace;
  }

  /** Runs `ip` on one that was made here. */
  ip(...words: string[]): string {
    return execFileSync('ip', ['-n', this.name, ...words], { encoding: 'utf8' });
  }

  /** Runs commands of `ip` in one that was made here, all by one process: each costs more than what it does. */
  configure(...commands: readonly string[]): void {
    execFileSync('ip', ['-n', this.name, '-batch', '-'], {
      input: commands.join('\n'),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
  }

  /** Starts a program inside; the caller ends it. It is there a moment later. */
  start(program: string, words: readonly string[]): ChildProcess {
    return spawn('nsenter', [`--net=${this.path}`, program, ...words], { stdio: 'ignore' });
  }

  /** Takes the name away; the namespace lives on as long as somebody holds it. Again is a no-op. */
  unname(): void {
    if (this.#named) execFileSync('ip', ['netns', 'delete', this.name]);
    this.#named = false;
  }

  [Symbol.dispose](): void {
    this.#namespace?.[Symbol.dispose]();
    this.unname();
  }
}
