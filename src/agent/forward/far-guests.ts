/**
 * What is asked of the far daemon for each mapping: a guest there, which dials for us (`-c`), or listens for us (`-R`).
 */
import type { Link } from '../../carrier/link/link.ts';
import { Call } from '../../client/call.ts';
import { shapes } from '../../client/shapes.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Guest, GuestRequest } from '../../spec/api.ts';
import { formatHost } from '../../spec/host.ts';
import type { Mapping } from './mapping.ts';

/** Milliseconds for one question; where nothing has to be pulled or started, that is much. */
const ANSWER_MS = 30_000;

/**
 * Asks for the guest of a mapping.
 *
 * @param id the same after each beginning of a link, so that a listener of before makes room
 * @param eager whether what does not work yet is an error
 * @throws {WormholeError} in the words of the far daemon
 */
export async function askForGuest(
  link: Link,
  { id, mapping, trail, eager }: { id: string; mapping: Mapping; trail: readonly string[]; eager: boolean },
  signal: AbortSignal,
): Promise<Guest> {
  const name = `peer ${link.hello?.name ?? ''}`;
  const open = (its: AbortSignal) => link.openStream({ kind: 'api' }, its);
  const call = new Call({ endpoint: { kind: 'opened', name, open }, guessed: false, timeoutMs: ANSWER_MS }, signal);
  const request: GuestRequest = { ...wordsOf(mapping), protocol: 'tcp', eager, trail: [...trail] };
  try {
    return await call.json<Guest>({ method: 'POST', target: `/v1/guests/${id}`, json: request }, shapes.guest);
  } catch (error) {
    signal.throwIfAborted();
    throw WormholeError.is(error) ? ofMapping(mapping, error) : error;
  }
}

function wordsOf({ direction, listen, target }: Mapping): Pick<GuestRequest, 'words' | 'listen'> {
  if (direction === 'back') return { words: [], listen: `${formatHost(listen.host)}:${listen.port}` };
  if (target.container !== undefined) {
    // The form with "=" takes its argument literally: a container may be called like a word of the language.
    return { words: ['tail', `docker-ns=${target.container}`, 'url', `tcp://127.0.0.1:${target.port}`] };
  }
  return { words: ['tail', 'url', `tcp://${formatHost(target.host)}:${target.port}`] };
}

/** Which mapping it is about. */
function ofMapping({ direction, text }: Mapping, error: WormholeError): WormholeError {
  return new WormholeError(error.code, `${direction === 'out' ? '-c' : '-R'} ${text}: ${error.message}`, {
    cause: error,
    detail: error.detail,
  });
}
