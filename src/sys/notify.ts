/**
 * sd_notify(3): tells the service manager about our state, one datagram per message to `$NOTIFY_SOCKET`.
 *
 * Node has no unix datagram sockets. An address that starts with `@` names an abstract socket.
 */
import { AF_UNIX, MSG_NOSIGNAL, SOCK_DGRAM } from './constants.ts';
import { sendto } from './libc.ts';
import { NativeMemory } from './memory.ts';
import { encodeUnix } from './sockaddr.ts';
import { socketIn } from './sockets.ts';

/**
 * @param state e.g. `READY=1\nSTATUS=serving`
 * @param address value of NOTIFY_SOCKET
 * @returns false when the manager could not be told, which is never a reason to stop
 */
export function notify(state: string, address: string): boolean {
  try {
    return tell(Buffer.from(state), encodeUnix(address)) >= 0;
  } catch {
    // No path of ours (`vsock:…`, too long), or no descriptors left.
    return false;
  }
}

/** @param to a sockaddr_un that ends in NUL */
function tell(message: Buffer, to: Buffer): number {
  const abstract = to[2] === '@'.charCodeAt(0);
  if (abstract) to[2] = 0;
  const memory = new NativeMemory(message.length + to.length);
  message.copy(memory.buffer);
  to.copy(memory.buffer, message.length);
  using socket = socketIn(undefined, AF_UNIX, SOCK_DGRAM);
  // The length of an abstract address counts; the trailing NUL of a path does not matter.
  const length = abstract ? to.length - 1 : to.length;
  return sendto(socket.fd, memory.address, message.length, MSG_NOSIGNAL, memory.address + message.length, length);
}
