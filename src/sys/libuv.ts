/**
 * The event loop of this thread as libuv sees it, for whoever waits for it from outside (`event-loop.ts`).
 *
 * Only asks, never changes anything: a handle of ours in that loop would be called while the thread is being ended, when
 * there is no JavaScript any more. The symbols are part of node's interface to native addons (node.h, uv.h).
 * @see https://docs.libuv.org/en/v1.x/loop.html uv_backend_fd, uv_metrics_info
 */
import koffi, { type LibraryHandle } from 'koffi';
import { NativeMemory } from './memory.ts';

/** uv_handle_type of a timer, see uv.h. */
const UV_TIMER = 13;
/** struct uv_metrics_s: loop_count, events, events_waiting: 3 × u64, 13 reserved. */
const METRICS_BYTES = 16 * 8;
const EVENTS_AT = 8;
const LONG_MS = 60_000;

/** The loop of one thread. To be used in that thread only. */
export interface UvLoop {
  /** Readable when a descriptor of the loop is ready. */
  readonly backendFd: number;
  /** How many events the loop has found so far, of all its descriptors, modulo 2^32. */
  events(): number;
  /** Milliseconds until the next timer of JavaScript; Infinity when there is none. */
  untilTimer(): number;
}

/** @returns undefined where it cannot be had: node is built otherwise than the releases are */
export function loopOfThisThread(): UvLoop | undefined {
  try {
    return new Embedded();
  } catch {
    return undefined;
  }
}

class Embedded implements UvLoop {
  readonly backendFd: number;
  readonly #loop: number;
  #timer = 0;
  readonly #memory = new NativeMemory(METRICS_BYTES);
  readonly #metrics: (loop: number, into: number) => number;
  readonly #updateTime: (loop: number) => void;
  readonly #dueIn: (timer: number) => number;
  readonly #isActive: (handle: number) => number;

  constructor() {
    const node = koffi.load(null);
    const isolate = node.func('uintptr_t _ZN2v87Isolate10GetCurrentEv()')() as number;
    this.#loop = node.func('uintptr_t _ZN4node19GetCurrentEventLoopEPN2v87IsolateE(uintptr_t)')(isolate) as number;
    this.#metrics = node.func('int uv_metrics_info(uintptr_t, uintptr_t)') as never;
    this.#updateTime = node.func('void uv_update_time(uintptr_t)') as never;
    this.#dueIn = node.func('uint64_t uv_timer_get_due_in(uintptr_t)') as never;
    this.#isActive = node.func('int uv_is_active(uintptr_t)') as never;
    this.backendFd = node.func('int uv_backend_fd(uintptr_t)')(this.#loop) as number;
    this.#findTimer(node);
    if (this.backendFd < 0 || this.#timer === 0) throw new Error('this loop cannot be waited for');
  }

  /**
   * Node has one timer in each loop, made with it, for all timers of JavaScript. There are others: V8's delayed tasks have one
   * each, which is freed with the task, and to ask that later would end the process. Those never keep a loop alive; node's
   * does while a timer of JavaScript wants it to.
   */
  #findTimer(node: LibraryHandle): void {
    const visit = koffi.proto('void', ['uintptr_t', 'uintptr_t']);
    const walk = node.func('uv_walk', 'void', ['uintptr_t', koffi.pointer(visit), 'uintptr_t']);
    const typeOf = node.func('int uv_handle_get_type(uintptr_t)');
    const hasRef = node.func('int uv_has_ref(uintptr_t)');
    const seen = (handle: number): void => {
      if (this.#timer === 0 && typeOf(handle) === UV_TIMER && hasRef(handle) !== 0) this.#timer = handle;
    };
    const wanted = setTimeout(() => undefined, LONG_MS);
    walk(this.#loop, seen, 0);
    clearTimeout(wanted);
  }

  events(): number {
    this.#metrics(this.#loop, this.#memory.address);
    return this.#memory.view.getUint32(EVENTS_AT, true);
  }

  untilTimer(): number {
    this.#updateTime(this.#loop);
    return this.#isActive(this.#timer) === 0 ? Number.POSITIVE_INFINITY : this.#dueIn(this.#timer);
  }
}
