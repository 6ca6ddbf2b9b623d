/**
 * A segment while it is being read: takes tokens one by one, and is finished by a link or the end of the spec.
 *
 * Owns the rules of binding: which part a word describes, what may stand together in one place, and that a
 * segment without `tail`, `trigger` or link has its container words at the tail.
 */
import type { EndpointSpec, HeadOptions, Segment, TailOptions } from './chain.ts';
import { EndpointDraft } from './endpoint-draft.ts';
import { at, invalid } from './invalid.ts';
import { headOptionRows, readOption, tailOptionRows } from './options.ts';
import type { Token } from './tokens.ts';
import { roleOf } from './words.ts';

type Part = 'head' | 'tail' | 'trigger';

export class SegmentDraft {
  #part: Part = 'head';
  readonly #seen = new Map<string, Token>();
  #head = new EndpointDraft();
  readonly #tail: EndpointDraft[] = [];
  readonly #trigger: EndpointDraft[] = [];
  #headOptions: HeadOptions = {};
  #tailOptions: TailOptions = {};
  /** An `also` whose second target has not come yet. */
  #also: Token | undefined;

  /** Takes a token of role part, pool, place, head or tail. @throws {WormholeError} WH_ERR_SPEC_INVALID */
  add(token: Token): void {
    switch (roleOf(token.word)) {
      case 'part':
        this.#open(token);
        return;
      case 'pool':
        this.#more(token);
        return;
      case 'place':
        this.#place(token).add(token, this.#part === 'head');
        this.#also = undefined;
        return;
      case 'head':
      case 'tail':
        this.#option(token);
        return;
      case 'whole':
      case 'link':
        throw new TypeError(`${token.word} is not of a segment`);
    }
  }

  /** The segment without its link; nothing may be added afterwards. @param linked whether one follows @throws {WormholeError} WH_ERR_SPEC_INVALID */
  finish(linked: boolean): Segment {
    this.#endPool();
    if (!linked && this.#part === 'head') {
      const moved = this.#head.takeContainerWords();
      if (moved !== undefined) this.#tail.push(moved);
    }
    const [first] = this.#tail;
    const [later] = this.#trigger;
    const pool = this.#tail.length > 1 || this.#trigger.length > 1;
    if (pool && first !== undefined && later !== undefined) {
      const place = { word: 'trigger', index: this.#seen.get('trigger')?.index ?? 0 };
      throw invalid('a pool is written in the tail or in the trigger, not in both; put all members in one', place);
    }
    if (first !== undefined && later !== undefined) first.checkWith(later);
    const triggered = this.#seen.has('trigger');
    return {
      head: this.#head.finish('head'),
      headOptions: this.#headOptions,
      tail: this.#tail.map(finishTail),
      ...(triggered && { trigger: this.#trigger.map(finishTail) }),
      tailOptions: this.#tailOptions,
    };
  }

  #open(token: Token): void {
    this.#endPool();
    const before = this.#seen.get(token.word);
    if (before !== undefined) throw twice(token, 'a second one needs a link (child, chain, remote …) before it');
    if (token.word === 'tail' && this.#part === 'trigger') {
      const remedy = 'put tail before trigger, or leave it out';
      throw invalid(`tail after trigger changes nothing; ${remedy}`, { word: 'tail', index: token.index });
    }
    this.#seen.set(token.word, token);
    this.#part = token.word === 'tail' ? 'tail' : 'trigger';
  }

  #more(token: Token): void {
    this.#endPool();
    const place = { word: 'also', index: token.index };
    if (this.#part === 'head') throw invalid('also separates targets; write tail before the first one', place);
    if (this.#members().length === 0) throw invalid('also has no target before it; name one first', place);
    this.#also = token;
  }

  /** A pool never ends in `also`. */
  #endPool(): void {
    if (this.#also === undefined) return;
    const place = { word: 'also', index: this.#also.index };
    throw invalid('also has no target after it; name one or leave it out', place);
  }

  #members(): EndpointDraft[] {
    return this.#part === 'tail' ? this.#tail : this.#trigger;
  }

  /** The endpoint that the next word describes. */
  #place(token: Token): EndpointDraft {
    if (this.#part === 'head') return this.#head;
    const members = this.#members();
    const current = this.#also === undefined ? members.at(-1) : undefined;
    if (current !== undefined) return current;
    const fresh = new EndpointDraft(token);
    members.push(fresh);
    return fresh;
  }

  #option(token: Token): void {
    if (this.#seen.has(token.word)) throw twice(token, 'leave one out');
    this.#seen.set(token.word, token);
    const text = token.argument ?? '';
    const place = { word: text.slice(0, 200), index: token.argumentIndex };
    const head = at(place, token.word, () => readOption(headOptionRows, token.word, text));
    this.#headOptions = { ...this.#headOptions, ...head };
    const tail = at(place, token.word, () => readOption(tailOptionRows, token.word, text));
    this.#tailOptions = { ...this.#tailOptions, ...tail };
  }
}

function finishTail(endpoint: EndpointDraft): EndpointSpec {
  return endpoint.finish('tail');
}

/** The error for a word that may stand once. */
export function twice(token: Token, remedy: string): Error {
  return invalid(`${token.word} stands twice; ${remedy}`, { word: token.word, index: token.index });
}
