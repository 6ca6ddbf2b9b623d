/** An address of a peer as somebody wrote it for a command. */
import { WormholeError } from '../lib/errors.ts';
import { parseAddress } from '../spec/address.ts';
import type { PeerAddress } from '../spec/plan.ts';

/** @throws {WormholeError} WH_ERR_USAGE, as the client says it of the same words */
export function readAddress(text: string): PeerAddress {
  try {
    return parseAddress(text);
  } catch (cause) {
    if (WormholeError.is(cause)) throw new WormholeError('WH_ERR_USAGE', cause.message, { cause });
    throw cause;
  }
}
