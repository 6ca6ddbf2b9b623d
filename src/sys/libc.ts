/**
 * Calls of libc through koffi, which only this folder imports: each export is one libc call, typed and synchronous.
 *
 * Every function answers like the kernel: a value >= 0, or `-errno`. Pointers are plain numbers into memory from
 * `memory.ts` (allocated once, passed by address): koffi pins nothing and allocates nothing per call.
 * 0 is NULL. Signatures are those of the Linux man pages, with `uintptr_t` where they say pointer.
 */
import koffi from 'koffi';

const lib = koffi.load('libc.so.6');
type Call = (...args: number[]) => number;
const raw = (signature: string): Call => lib.func(signature) as Call;

/** Turns libc's "-1 and errno" into the kernel's "-errno". */
const answer = (result: number): number => (result === -1 ? -koffi.errno() : result);

/** Of an asynchronous call only the result comes back: errno was the other thread's. */
const epollWaitCall = lib.func('int epoll_wait(int, uintptr_t, int, int)');

/** These two take JavaScript's own memory, for what is too rare and too large to keep a block for. */
const sendBytesCall = lib.func('long send(int, const void *, size_t, int)');
const recvBytesCall = lib.func('long recv(int, void *, size_t, int)') as (...args: unknown[]) => number;

const c = {
  close: raw('int close(int)'),
  socket: raw('int socket(int, int, int)'),
  socketpair: raw('int socketpair(int, int, int, uintptr_t)'),
  bind: raw('int bind(int, uintptr_t, uint32_t)'),
  listen: raw('int listen(int, int)'),
  accept4: raw('int accept4(int, uintptr_t, uintptr_t, int)'),
  connect: raw('int connect(int, uintptr_t, uint32_t)'),
  shutdown: raw('int shutdown(int, int)'),
  getsockopt: raw('int getsockopt(int, int, int, uintptr_t, uintptr_t)'),
  setsockopt: raw('int setsockopt(int, int, int, uintptr_t, uint32_t)'),
  getsockname: raw('int getsockname(int, uintptr_t, uintptr_t)'),
  getpeername: raw('int getpeername(int, uintptr_t, uintptr_t)'),
  recv: raw('long recv(int, uintptr_t, size_t, int)'),
  send: raw('long send(int, uintptr_t, size_t, int)'),
  sendto: raw('long sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)'),
  recvmmsg: raw('int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)'),
  sendmmsg: raw('int sendmmsg(int, uintptr_t, uint32_t, int)'),
  splice: raw('long splice(int, uintptr_t, int, uintptr_t, size_t, uint32_t)'),
  pipe2: raw('int pipe2(uintptr_t, int)'),
  fcntl: raw('int fcntl(int, int, long)'),
  flock: raw('int flock(int, int)'),
  eventfd: raw('int eventfd(uint32_t, int)'),
  timerfd_create: raw('int timerfd_create(int, int)'),
  timerfd_settime: raw('int timerfd_settime(int, int, uintptr_t, uintptr_t)'),
  read: raw('long read(int, uintptr_t, size_t)'),
  write: raw('long write(int, uintptr_t, size_t)'),
  epoll_create1: raw('int epoll_create1(int)'),
  epoll_ctl: raw('int epoll_ctl(int, int, int, uintptr_t)'),
  epoll_wait: raw('int epoll_wait(int, uintptr_t, int, int)'),
  setns: raw('int setns(int, int)'),
  getrlimit: raw('int getrlimit(int, uintptr_t)'),
  setrlimit: raw('int setrlimit(int, uintptr_t)'),
  // glibc has no wrapper for openat2(2). Fixed arguments in integer registers are what syscall(2) reads on every
  // 64-bit Linux ABI, so the variadic prototype is not needed.
  openat2: raw('long syscall(long, int, uintptr_t, uintptr_t, size_t)'),
  renameat2: raw('int renameat2(int, uintptr_t, int, uintptr_t, uint32_t)'),
  calloc: raw('uintptr_t calloc(size_t, size_t)'),
  abort: raw('void abort()'),
};

export const close = (fd: number): number => answer(c.close(fd));
export const socket = (domain: number, type: number, protocol: number): number =>
  answer(c.socket(domain, type, protocol));
export const socketpair = (domain: number, type: number, protocol: number, pair: number): number =>
  answer(c.socketpair(domain, type, protocol, pair));
export const bind = (fd: number, address: number, length: number): number => answer(c.bind(fd, address, length));
export const listen = (fd: number, backlog: number): number => answer(c.listen(fd, backlog));
export const accept4 = (fd: number, address: number, length: number, flags: number): number =>
  answer(c.accept4(fd, address, length, flags));
export const connect = (fd: number, address: number, length: number): number => answer(c.connect(fd, address, length));
export const shutdown = (fd: number, how: number): number => answer(c.shutdown(fd, how));
export const getsockopt = (fd: number, level: number, name: number, value: number, length: number): number =>
  answer(c.getsockopt(fd, level, name, value, length));
export const setsockopt = (fd: number, level: number, name: number, value: number, length: number): number =>
  answer(c.setsockopt(fd, level, name, value, length));
export const getsockname = (fd: number, address: number, length: number): number =>
  answer(c.getsockname(fd, address, length));
export const getpeername = (fd: number, address: number, length: number): number =>
  answer(c.getpeername(fd, address, length));
export const recv = (fd: number, data: number, length: number, flags: number): number =>
  answer(c.recv(fd, data, length, flags));
export const send = (fd: number, data: number, length: number, flags: number): number =>
  answer(c.send(fd, data, length, flags));
export const sendto = (fd: number, data: number, size: number, flags: number, to: number, length: number): number =>
  answer(c.sendto(fd, data, size, flags, to, length));
export const recvmmsg = (fd: number, headers: number, count: number, flags: number): number =>
  answer(c.recvmmsg(fd, headers, count, flags, 0));
export const sendmmsg = (fd: number, headers: number, count: number, flags: number): number =>
  answer(c.sendmmsg(fd, headers, count, flags));
/** Offsets are NULL: sockets and pipes have none. */
export const splice = (from: number, to: number, length: number, flags: number): number =>
  answer(c.splice(from, 0, to, 0, length, flags));
export const pipe2 = (pair: number, flags: number): number => answer(c.pipe2(pair, flags));
export const fcntl = (fd: number, command: number, argument: number): number => answer(c.fcntl(fd, command, argument));
export const flock = (fd: number, operation: number): number => answer(c.flock(fd, operation));
export const eventfd = (initial: number, flags: number): number => answer(c.eventfd(initial, flags));
export const timerfdCreate = (clock: number, flags: number): number => answer(c.timerfd_create(clock, flags));
export const timerfdSettime = (fd: number, flags: number, value: number, before: number): number =>
  answer(c.timerfd_settime(fd, flags, value, before));
export const read = (fd: number, data: number, length: number): number => answer(c.read(fd, data, length));
export const write = (fd: number, data: number, length: number): number => answer(c.write(fd, data, length));
export const epollCreate1 = (flags: number): number => answer(c.epoll_create1(flags));
export const epollCtl = (epoll: number, operation: number, fd: number, event: number): number =>
  answer(c.epoll_ctl(epoll, operation, fd, event));
export const epollWait = (epoll: number, events: number, count: number, timeoutMs: number): number =>
  answer(c.epoll_wait(epoll, events, count, timeoutMs));
/**
 * epoll_wait(2) on a thread of libuv's pool, so that the event loop goes on meanwhile; `done` is called on the event loop with
 * the number of events, 0 when it failed.
 */
export const epollWaitLater = (
  epoll: number,
  events: number,
  count: number,
  timeoutMs: number,
  done: (count: number) => void,
): void => {
  epollWaitCall.async(epoll, events, count, timeoutMs, (_error: unknown, result: number) => done(Math.max(0, result)));
};
/**
 * send(2) on a thread of libuv's pool, for a call that the kernel answers only after work of its own (a module to load, a lock to
 * wait for); `done` is called on the event loop with the answer.
 */
export const sendLater = (fd: number, bytes: Buffer, flags: number, done: (result: number) => void): void => {
  // The closure keeps `bytes` alive; koffi makes the errno of the call the current one for the callback.
  sendBytesCall.async(fd, bytes, bytes.length, flags, (_error: unknown, result: number) => {
    done(Math.min(answer(result), bytes.length));
  });
};
export const recvBytes = (fd: number, bytes: Buffer, flags: number): number =>
  answer(recvBytesCall(fd, bytes, bytes.length, flags));
export const setns = (fd: number, type: number): number => answer(c.setns(fd, type));
export const getrlimit = (resource: number, limit: number): number => answer(c.getrlimit(resource, limit));
export const setrlimit = (resource: number, limit: number): number => answer(c.setrlimit(resource, limit));
/** 437 is openat2 on every architecture (asm-generic/unistd.h). */
export const openat2 = (directory: number, path: number, how: number, size: number): number =>
  answer(c.openat2(437, directory, path, how, size));
/** Both names are in `directory`. */
export const renameat2 = (directory: number, from: number, to: number, flags: number): number =>
  answer(c.renameat2(directory, from, directory, to, flags));

/** Address of `size` zeroed bytes; pages of a large block cost nothing until touched. @throws {RangeError} */
export function calloc(size: number): number {
  const address = c.calloc(1, size);
  if (address === 0) throw new RangeError(`calloc(${size}) failed`);
  return address;
}

const addressCall = lib.func('uintptr_t memmove(uint8_t *, uintptr_t, size_t)');

/** Where the bytes of `buffer` lie: they do not move, and stay as long as somebody holds the buffer. Empty ones lie nowhere. */
export const addressOf = (buffer: Uint8Array): number => addressCall(buffer, 0, 0) as number;

const sendCall = lib.func('long send(int, const uint8_t *, size_t, int)');

/** As {@link send}, of bytes that JavaScript has. */
export const sendBytes = (fd: number, bytes: Uint8Array, length: number, flags: number): number =>
  answer(sendCall(fd, bytes, length, flags) as number);

/** The bytes at `address`, shared with native code; the caller keeps within what it allocated. */
export function memoryAt(address: number, size: number): ArrayBuffer {
  return koffi.view(BigInt(address), size);
}

/** Ends the process at once, from any thread; `process.abort` throws inside a worker. @see abort(3) */
export function abort(): never {
  c.abort();
  throw new Error('abort returned');
}
