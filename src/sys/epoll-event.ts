/**
 * Where the fields of a `struct epoll_event` are: events:4 data:8, packed on x86-64 only (`__EPOLL_PACKED`, linux/eventpoll.h).
 */

/** Bytes of one. */
export const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
/** Where its data is; its events are at 0. */
export const EVENT_DATA = process.arch === 'x64' ? 4 : 8;
