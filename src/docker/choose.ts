/**
 * Which container a reference means.
 *
 *   db                    → the container named db; never one whose name merely begins so
 *   3f9c…(64 digits)      → the container with this id
 *   3f9c2d                → the container named 3f9c2d, else the only one whose id begins so
 *   3f9c2d5e1b7a (12 or more digits, both a name and the beginning of another's id) → ambiguous
 *
 * The last rule is against impostors: 12 digits are what Docker prints as an id, so whoever may name a container
 * could otherwise draw another one's connections to itself. Shorter names win over ids: a container named `db` must not
 * depend on the ids of its neighbours.
 */
import { WormholeError } from '../lib/errors.ts';

/** What the choice needs to know of a container. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
}

const fullIdDigits = 64;
/** Digits of the ids that Docker prints. */
const shortIdDigits = 12;
/** Names in the message of an ambiguous reference. */
const listedCandidates = 5;

/** True for what could be an id or the beginning of one. */
export function looksLikeId(reference: string): boolean {
  return /^[0-9a-f]{1,64}$/.test(reference);
}

/** @throws {WormholeError} WH_ERR_CONTAINER_NOT_FOUND, WH_ERR_CONTAINER_AMBIGUOUS */
export function choose<T extends Candidate>(reference: string, candidates: readonly T[]): T {
  const byId = looksLikeId(reference) ? candidates.filter((candidate) => candidate.id.startsWith(reference)) : [];
  const [only] = byId;
  if (only !== undefined && reference.length === fullIdDigits) return only;

  const named = candidates.find((candidate) => candidate.name === reference && reference !== '');
  if (named !== undefined) {
    const others = byId.filter((candidate) => candidate.id !== named.id);
    if (others.length === 0 || reference.length < shortIdDigits) return named;
    throw ambiguous(reference, [named, ...others]);
  }
  if (only === undefined) throw notFound(reference);
  if (byId.length > 1) throw ambiguous(reference, byId);
  return only;
}

export function notFound(reference: string): WormholeError {
  return new WormholeError(
    'WH_ERR_CONTAINER_NOT_FOUND',
    `no container has the name or id ${JSON.stringify(reference)}; docker ps --all lists them`,
    { detail: { container: reference } },
  );
}

function ambiguous(reference: string, candidates: readonly Candidate[]): WormholeError {
  const listed = candidates.slice(0, listedCandidates).map(({ id, name }) => `${name} (${id.slice(0, 16)})`);
  if (candidates.length > listed.length) listed.push(`${candidates.length - listed.length} more`);
  return new WormholeError(
    'WH_ERR_CONTAINER_AMBIGUOUS',
    `${JSON.stringify(reference)} may be ${listed.join(', ')}; give the full id`,
    { detail: { container: reference, candidates: candidates.length } },
  );
}
