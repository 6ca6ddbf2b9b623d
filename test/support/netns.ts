/**
 * A network namespace of a test's own: only a loopback interface, no way to anywhere.
 *
 * A test file enters one for good, so that every socket it makes and every program it starts is in there, and visits
 * others to leave a server or a client behind. What was started in a namespace keeps it; disposing takes its name away.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, statSync } from 'node:fs';
import { CLONE_NEWNET } from '../../src/sys/constants.ts';
import { check } from '../../src/sys/errno.ts';
import { setns } from '../../src/sys/libc.ts';
import { command } from './command.ts';

export class Netns implements AsyncDisposable {
  /** Under /run/netns; '' for one that somebody else made. */
  readonly name: string;
  /** A file that opens it. */
  readonly path: string;
  #deleted = false;

  private constructor(path: string, name: string) {
    this.path = path;
    this.name = name;
  }

  /** Why there can be none, as a reason to skip a test; undefined when there can. */
  static missing(): string | undefined {
    return process.getuid?.() === 0 ? undefined : 'needs root';
  }

  /** Makes one that the caller owns. */
  static async create(): Promise<Netns> {
    const name = `wormhole-${process.pid}-${randomBytes(3).toString('hex')}`;
    await command('ip', ['netns', 'add', name]);
    await command('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    return new Netns(`/run/netns/${name}`, name);
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

  /** Again is a no-op. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.name === '' || this.#deleted) return;
    this.#deleted = true;
    await command('ip', ['netns', 'delete', this.name]);
  }
}
