/**
 * One place while it is being read: merges successive `url` words and refuses two answers to the same question.
 */
import type { Connect, EndpointSpec, UrlParts } from './chain.ts';
import { at, invalid, show } from './invalid.ts';
import { parseContainer } from './names.ts';
import { checkRun } from './recipe/recipe.ts';
import { splitWords } from './shell.ts';
import type { Token } from './tokens.ts';
import { mergeUrl, parseUrl } from './url.ts';

export class EndpointDraft {
  #spec: EndpointSpec = {};
  /** Words that said which namespace this place is in, in order. */
  #namespaces: Token[] = [];
  #connect: Token | undefined;
  readonly first: Token | undefined;

  /** @param first the word that made this place, to point at */
  constructor(first?: Token) {
    this.first = first;
  }

  /** Takes a token of role place. @param head whether this place is a head so far */
  add(token: Token, head: boolean): void {
    if (token.word === 'url') this.#url(token, head);
    else if (token.word === 'connect') this.#setConnect(token);
    else {
      this.#namespaces.push(token);
      this.#spec = {
        ...this.#spec,
        ...(token.word === 'docker-ns' ? readContainer(token, head) : readRunWords(token)),
      };
    }
  }

  #url(token: Token, head: boolean): void {
    const text = token.argument ?? '';
    const before = this.#spec.url;
    const url = at(argumentOf(token), `url ${show(text)}`, () => readUrl(before, text, head));
    if (url.namespace !== undefined && before?.namespace === undefined) this.#namespaces.push(token);
    this.#spec = { ...this.#spec, url };
  }

  #setConnect(token: Token): void {
    if (this.#connect !== undefined) throw repeated(token, 'one target takes one');
    this.#connect = token;
    this.#spec = { ...this.#spec, connect: (token.argument ?? 'any') as Connect };
  }

  /** Moves `docker-ns`, `docker-run` and `connect` to a new place; undefined when there are none. */
  takeContainerWords(): EndpointDraft | undefined {
    const { container, run, connect, ...rest } = this.#spec;
    if (container === undefined && run === undefined && connect === undefined) return undefined;
    const moved = new EndpointDraft();
    moved.#namespaces = this.#namespaces.filter(({ word }) => word !== 'url');
    moved.#connect = this.#connect;
    moved.#spec = {
      ...(container !== undefined && { container }),
      ...(run !== undefined && { run }),
      ...(connect !== undefined && { connect }),
    };
    this.#namespaces = this.#namespaces.filter(({ word }) => word === 'url');
    this.#connect = undefined;
    this.#spec = rest;
    return moved;
  }

  /** Refuses what `later`, the same target continued after `trigger`, says again. */
  checkWith(later: EndpointDraft): void {
    const [before, after] = [this.#namespaces[0], later.#namespaces[0]];
    if (before !== undefined && after !== undefined) throw second(after);
    if (this.#connect !== undefined && later.#connect !== undefined) throw repeated(later.#connect, 'leave one out');
    const { url } = later.#spec;
    const token = later.first;
    if (url === undefined || token === undefined) return;
    at(placeOf(token), 'url', () => mergeUrl(this.#spec.url ?? {}, url));
  }

  /** @throws {WormholeError} WH_ERR_SPEC_INVALID */
  finish(part: 'head' | 'tail'): EndpointSpec {
    const again = this.#namespaces[1];
    if (again !== undefined) throw second(again);
    if (part === 'head' && this.#connect !== undefined) {
      throw invalid('connect describes a target; put it after tail', placeOf(this.#connect));
    }
    return this.#spec;
  }
}

function readUrl(base: UrlParts | undefined, text: string, head: boolean): UrlParts {
  const url = parseUrl(text);
  if (url.port === 0 && !head) throw invalid('port 0 cannot be dialed; ports of a target go from 1 to 65535');
  return base === undefined ? url : mergeUrl(base, url);
}

function readContainer(token: Token, head: boolean): EndpointSpec {
  const { argument } = token;
  if (argument !== undefined) return { container: at(argumentOf(token), 'docker-ns', () => parseContainer(argument)) };
  if (!head) throw invalid('docker-ns needs CONTAINER after it; is a shell variable unset?', placeOf(token));
  return { host: true };
}

function readRunWords(token: Token): EndpointSpec {
  // Points at the word, never at its argument: that may hold a password, and errors are logged.
  return at(placeOf(token), 'docker-run', () => {
    const run = splitWords(token.argument ?? '');
    checkRun(run);
    return { run };
  });
}

function second(token: Token): Error {
  const remedy = 'name one, or separate the members of a pool by also';
  return invalid(`${token.word} gives a second namespace to the same place; ${remedy}`, placeOf(token));
}

function repeated(token: Token, remedy: string): Error {
  return invalid(`${token.word} stands twice; ${remedy}`, placeOf(token));
}

function placeOf(token: Token): { word: string; index: number } {
  return { word: token.word, index: token.index };
}

function argumentOf(token: Token): { word: string; index: number } {
  return { word: (token.argument ?? '').slice(0, 200), index: token.argumentIndex };
}
