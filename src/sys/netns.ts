/**
 * Network namespaces, borrowed for the length of one synchronous call.
 *
 * A socket belongs for life to the namespace its thread was in when it was created, so entering is only ever
 * needed around `socket(2)`. Nothing else may happen inside the bracket: what runs after an `await`, and
 * everything in libuv's thread pool (DNS, files), runs outside; `net.connect({host})` makes its socket later.
 * See setns(2), network_namespaces(7).
 */
import { fstatSync, openSync } from 'node:fs';
import { CLONE_NEWNET } from './constants.ts';
import { dupFd } from './dup.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import { abort, setns } from './libc.ts';

/**
 * This thread's own namespace. Opened once per thread and kept: a thread is always at home outside a bracket, and
 * `/proc/self/ns/net` would name the main thread's.
 */
let home = -1;
/** The thread is in a bracket now. */
let away = false;

/** An open handle on a network namespace. */
export class NetNamespace implements Disposable {
  readonly #owned: OwnedFd;

  private constructor(fd: number) {
    this.#owned = new OwnedFd(fd);
  }

  /** @param path e.g. `/proc/42/ns/net` @throws ENOENT, EACCES (Node's SystemError) */
  static open(path: string): NetNamespace {
    return new NetNamespace(openSync(path, 'r'));
  }

  static ofPid(pid: number): NetNamespace {
    return NetNamespace.open(`/proc/${pid}/ns/net`);
  }

  /** @param name an `ip netns` name; the caller has checked that it holds no slash */
  static named(name: string): NetNamespace {
    return NetNamespace.open(`/run/netns/${name}`);
  }

  /** The namespace of the calling thread. */
  static current(): NetNamespace {
    return NetNamespace.open('/proc/thread-self/ns/net');
  }

  /** Takes ownership of an fd that was opened elsewhere, e.g. duplicated for this thread. */
  static adopt(fd: number): NetNamespace {
    return new NetNamespace(fd);
  }

  /** Borrowed; closed with this object. */
  get fd(): number {
    return this.#owned.fd;
  }

  /**
   * Kernel identity, e.g. `net:[4026531833]`; equal strings mean the same namespace.
   *
   * Made from the inode: a link in /proc/self/fd says so only for an fd that came from /proc/PID/ns, and gives
   * the path for one that came from a bind mount such as /run/netns/NAME.
   */
  get id(): string {
    return `net:[${this.inode}]`;
  }

  /** Inode number behind {@link id}. */
  get inode(): number {
    return fstatSync(this.fd).ino;
  }

  /** A second handle on the same namespace, owned by the caller. */
  duplicate(): NetNamespace {
    return new NetNamespace(dupFd(this.fd).release());
  }

  /**
   * Runs `fn` with the calling thread inside this namespace, then puts the thread back.
   *
   * If the thread cannot be put back the process aborts: a daemon in an unknown namespace must not keep serving.
   * Brackets do not nest: leaving the inner one would put the rest of the outer one at home.
   *
   * @throws {SyscallError} EPERM without CAP_SYS_ADMIN
   */
  enter<T>(fn: () => T extends PromiseLike<unknown> ? never : T): T {
    if (away) throw new Error('already inside a network namespace');
    if (home < 0) home = openSync('/proc/thread-self/ns/net', 'r');
    check('setns', setns(this.fd, CLONE_NEWNET));
    away = true;
    try {
      return fn();
    } finally {
      away = false;
      if (setns(home, CLONE_NEWNET) < 0) abort();
    }
  }

  /** Closes the handle; again is a no-op. */
  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}
