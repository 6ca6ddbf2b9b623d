/** From a peer's request to what is to run here for it, judged by its policy. */
import { WormholeError } from '../../lib/errors.ts';
import type { GuestRequest } from '../../spec/api.ts';
import type { Interpreted } from '../registry/interpret.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Owner } from './owner.ts';

/**
 * @param overlay this end of the tunnel with the peer, when it is to listen there
 * @throws {WormholeError} as `interpretFor` of the registry, WH_ERR_REQUEST_INVALID
 */
export async function interpretGuest(
  { words, protocol, port, listen }: GuestRequest,
  overlay: string | undefined,
  { identity, name }: Pick<Owner, 'identity' | 'name'>,
  policies: Pick<Surroundings['policies'], 'judge'>,
  signal: AbortSignal,
): Promise<Interpreted & { readonly words: readonly string[] }> {
  const { interpretListener, interpretRest } = await import('../registry/interpret.ts');
  if (listen === undefined) {
    if (port !== undefined && (port < 1 || port > 65_535)) {
      throw new WormholeError('WH_ERR_REQUEST_INVALID', 'body.port must be from 1 to 65535');
    }
    const rest = { words, protocol, ...(port !== undefined && { port }) };
    return { words, ...(await interpretRest(identity, rest, overlay, policies, signal)) };
  }
  if (words.length > 0 || protocol !== 'tcp' || overlay !== undefined) {
    throw new WormholeError('WH_ERR_REQUEST_INVALID', 'what listens here for a peer has no words, and is TCP');
  }
  return await interpretListener(identity, name, listen, policies, signal);
}
