/**
 * The parser: argv words → chain. Input → meaning, in short (docs/grammar.md has all of it):
 *
 *     url :80 docker-ns web                    host port 80 → web's own 127.0.0.1:80
 *     url :80 docker-ns app tail docker-ns db  app's port 80 → db's port 80
 *     url :80 docker-ns tail docker-ns db      bare docker-ns: the host's namespace
 *     … tail url :81 also url :82              a pool of two
 *     … trigger docker-run nginx               made by the first connection
 *     … remote db-host docker-ns db            the rest runs on the peer db-host
 *     docker-ns=tail                           a container that is really called tail
 *
 * Pure; says what the words mean and fills in no default. A link ends its segment, the rest is the next one.
 */
import { parseAddress } from './address.ts';
import type { Chain, Link, Segment } from './chain.ts';
import { SegmentDraft, twice } from './draft.ts';
import { at, invalid, show } from './invalid.ts';
import { parseId, parseLabel } from './names.ts';
import type { LinkKind, PeerAddress } from './plan.ts';
import { type Token, tokenize } from './tokens.ts';
import { roleOf } from './words.ts';

/** Most links of one spec; a stream makes no more hops than that either. */
export const LINKS_MAX = 16;

/**
 * Reads a spec, one word per element as on a command line.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID; `detail` holds the `word` and its `index` in `words`
 */
export function parse(words: readonly string[]): Chain {
  if (words.length === 0) {
    throw invalid('the spec is empty; write for example "url :3306 docker-ns db"', { word: '', index: 0 });
  }
  let id: string | undefined;
  const labels: Record<string, string> = {};
  const drafts = [new SegmentDraft()];
  const links: Array<Pick<Link, 'kind' | 'peer'>> = [];

  for (const token of tokenize(words)) {
    const text = token.argument ?? '';
    const place = { word: text.slice(0, 200), index: token.argumentIndex };
    const role = roleOf(token.word);
    if (role === 'link') {
      if (links.length === LINKS_MAX) {
        throw invalid(`a spec has at most ${LINKS_MAX} links`, { word: token.word, index: token.index });
      }
      links.push(readLink(token));
      drafts.push(new SegmentDraft());
    } else if (role !== 'whole') drafts.at(-1)?.add(token);
    else if (token.word === 'id') {
      if (id !== undefined) throw twice(token, 'it names the whole wormhole, leave one out');
      id = at(place, 'id', () => parseId(text));
    } else {
      const { key, value } = at(place, 'label', () => parseLabel(text));
      if (Object.hasOwn(labels, key)) throw twice(token, `${show(key)} can have one value`);
      labels[key] = value;
    }
  }
  return { ...(id !== undefined && { id }), labels, segment: nest(drafts, links) };
}

function readLink(token: Token): Pick<Link, 'kind' | 'peer'> {
  const kind = token.word as LinkKind;
  if (token.argument === undefined) return { kind };
  const { argument } = token;
  const place = { word: argument.slice(0, 200), index: token.argumentIndex };
  return { kind, peer: at(place, kind, () => readPeer(argument)) };
}

function readPeer(text: string): PeerAddress {
  const peer = parseAddress(text);
  if (peer.kind !== 'unix' || peer.path.startsWith('/')) return peer;
  throw invalid(`unix path ${show(peer.path)} is not absolute; the daemon has no directory of yours`);
}

/** Finishes the drafts in the order they were written, so that the first error wins, then hangs each on its link. */
function nest(drafts: readonly SegmentDraft[], links: ReadonlyArray<Pick<Link, 'kind' | 'peer'>>): Segment {
  const segments = drafts.map((draft, index) => draft.finish(index < links.length));
  const last = segments.at(-1);
  if (last === undefined) throw new TypeError('a spec has a segment');
  return segments.slice(0, -1).reduceRight<Segment>((next, segment, index) => {
    const link = links[index];
    return link === undefined ? segment : { ...segment, link: { ...link, segment: next } };
  }, last);
}
