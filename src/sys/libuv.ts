/**
 * The event loop of this thread as libuv sees it, for whoever waits for it from outside (`event-loop.ts`).
 *
 * Only asks, never changes anything: a handle of ours in that loop would be called while the thread is being ended, when
 * there is no JavaScript any more. The symbols are part of node's interface to native addons (node.h, uv.h).
 * @see https://docs.libuv.org/en/v1.x/loop.html uv_backend_fd, uv_backend_timeout
 */
import koffi from 'koffi';

/** The loop of one thread. To be used in that thread only. */
export interface UvLoop {
  /** Readable when a descriptor of the loop is ready. */
  readonly backendFd: number;
  /**
   * How long the loop may be left alone: milliseconds until the next timer, counted from the beginning of the loop's round; -1 when there
   * is no timer; 0 when something is to be done now (an immediate, a descriptor that libuv's epoll does not know yet, a handle to
   * close, a thread to end), and also when nothing keeps the loop alive.
   */
  untilDue(): number;
}

/** @returns undefined where it cannot be had: node is built otherwise than the releases are */
export function loopOfThisThread(): UvLoop | undefined {
  try {
    const node = koffi.load(null);
    const isolate = node.func('uintptr_t _ZN2v87Isolate10GetCurrentEv()')() as number;
    const loop = node.func('uintptr_t _ZN4node19GetCurrentEventLoopEPN2v87IsolateE(uintptr_t)')(isolate) as number;
    const backendFd = node.func('int uv_backend_fd(uintptr_t)')(loop) as number;
    const timeout = node.func('int uv_backend_timeout(uintptr_t)') as (loop: number) => number;
    return backendFd < 0 ? undefined : { backendFd, untilDue: () => timeout(loop) };
  } catch {
    return undefined;
  }
}
