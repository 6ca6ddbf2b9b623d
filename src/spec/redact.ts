/**
 * Takes the secrets out of a chain: values of `-e`/`--env` in `docker-run` arguments.
 *
 * Whatever shows a spec (`ls`, `inspect`, logs, errors) shows it through here. Made to fail closed: arguments
 * that cannot be read are hidden altogether.
 */
import { WormholeError } from '../lib/errors.ts';
import type { Chain, EndpointSpec, Segment } from './chain.ts';
import { readRun } from './run.ts';
import { joinWords, splitWords } from './shell.ts';

/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** The same chain with every secret replaced; planning it gives a plan without secrets. */
export function redactChain(chain: Chain): Chain {
  return { ...chain, segment: redactSegment(chain.segment) };
}

/** A spec as it was given, which may be none, with every argument of `docker-run` redacted. */
export function redactWords(words: readonly string[]): readonly string[] {
  return words.map((word, index) => {
    if (words[index - 1] === 'docker-run') return redactArgument(word);
    return word.startsWith('docker-run=') ? `docker-run=${redactArgument(word.slice('docker-run='.length))}` : word;
  });
}

function redactArgument(text: string): string {
  try {
    return joinWords(redactRun(splitWords(text)));
  } catch (error) {
    if (WormholeError.is(error)) return REDACTED;
    throw error;
  }
}

function redactSegment(segment: Segment): Segment {
  const { head, tail, trigger, link } = segment;
  return {
    ...segment,
    head: redactEndpoint(head),
    tail: tail.map(redactEndpoint),
    ...(trigger !== undefined && { trigger: trigger.map(redactEndpoint) }),
    ...(link !== undefined && { link: { ...link, segment: redactSegment(link.segment) } }),
  };
}

function redactEndpoint(endpoint: EndpointSpec): EndpointSpec {
  return endpoint.run === undefined ? endpoint : { ...endpoint, run: redactRun(endpoint.run) };
}

/** The words of one `docker-run`; `-e NAME=VALUE` keeps its NAME. */
export function redactRun(words: readonly string[]): readonly string[] {
  try {
    const shown = [...words];
    for (const { name, value, at, from } of readRun(words).flags) {
      const equals = value.indexOf('=');
      if (name !== 'env' || equals < 0) continue;
      shown[at] = (words[at] ?? '').slice(0, from + equals + 1) + REDACTED;
    }
    return shown;
  } catch (error) {
    if (WormholeError.is(error)) return [REDACTED];
    throw error;
  }
}
