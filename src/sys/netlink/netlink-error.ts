/**
 * What the kernel refuses over netlink: the errno, and where it gives one its own sentence (the extended acknowledgement).
 *
 * Shaped like `SyscallError`. The text never has the request's bytes, which may be keys.
 */
import { errnoName } from '../errno.ts';
import { attributesOf, HEADER_BYTES, type Message, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, textOf } from './wire.ts';

const NLMSGERR_ATTR_MSG = 1;

export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  /** What was asked, e.g. `add address 100.65.0.2/32`. */
  readonly what: string;
  /** Positive errno. */
  readonly errno: number;
  /** Symbolic name, e.g. `EEXIST`. */
  readonly code: string;
  /** The kernel's own words, '' when it has none. */
  readonly words: string;

  constructor(what: string, errno: number, words = '') {
    super(`${what}: ${errnoName(errno)}${words === '' ? '' : ` (${words})`}`);
    this.what = what;
    this.errno = errno;
    this.code = errnoName(errno);
    this.words = words;
  }

  static is(value: unknown, ...codes: readonly string[]): value is NetlinkError {
    return value instanceof NetlinkError && (codes.length === 0 || codes.includes(value.code));
  }
}

/**
 * The error in a message of type NLMSG_ERROR or NLMSG_DONE, undefined when it is an acknowledgement.
 *
 *   nlmsgerr  error:i32 (negative errno), the request's nlmsghdr and, unless capped, its body; then attributes
 */
export function errorOf(message: Message, what: string): NetlinkError | undefined {
  const errno = message.body.length >= 4 ? -message.body.readInt32LE(0) : 0;
  if (errno <= 0) return undefined;
  return new NetlinkError(what, errno, words(message));
}

function words(message: Message): string {
  const { flags, body } = message;
  if ((flags & NLM_F_ACK_TLVS) === 0) return '';
  const said = attributesOf(body, 4 + requestBytes(message)).get(NLMSGERR_ATTR_MSG);
  return said === undefined ? '' : textOf(said);
}

/** The end of a dump does not repeat what was asked. */
function requestBytes({ type, flags, body }: Message): number {
  if (type === NLMSG_DONE || body.length < 4 + HEADER_BYTES) return 0;
  return (flags & NLM_F_CAPPED) === 0 ? (body.readUInt32LE(4) + 3) & ~3 : HEADER_BYTES;
}
