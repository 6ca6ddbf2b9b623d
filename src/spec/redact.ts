/**
 * Takes the secrets out of a chain, all of them in arguments of `docker-run`: values of variables, the health command,
 * options of volume drivers, and the words of the command.
 *
 * Whatever shows a spec (`ls`, `inspect`, logs, errors) shows it through here. Made to fail closed: arguments
 * that cannot be read are hidden altogether.
 */
import { WormholeError } from '../lib/errors.ts';
import type { Chain, EndpointSpec, Segment } from './chain.ts';
import { splitCsv } from './recipe/csv.ts';
import { readRun } from './run.ts';
import { type RunFlagName, runFlags } from './run-flags.ts';
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
    // It is quoted as a whole by whoever shows it.
    return joinWords(redactRun(splitWords(text))).replaceAll(/'([\w=-]*\[redacted\])'/g, '$1');
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

/**
 * The words of one `docker-run`. Of its command nothing is left: `redis-server --requirepass …` is as usual there as
 * `-e PASSWORD=…`, and no rule tells the one word from the others.
 */
export function redactRun(words: readonly string[]): readonly string[] {
  try {
    const { flags, command } = readRun(words);
    const shown = words.slice(0, words.length - command.length);
    for (const { name, value, at, from } of flags) {
      const hidden = hideSecret(name, value);
      if (hidden !== value) shown[at] = (words[at] ?? '').slice(0, from) + hidden;
    }
    return command.length === 0 ? shown : [...shown, REDACTED];
  } catch (error) {
    if (WormholeError.is(error)) return [REDACTED];
    throw error;
  }
}

/** The value of a flag as it may be shown. */
function hideSecret(name: RunFlagName, value: string): string {
  if (name === 'env') return value.replace(/=.*$/s, `=${REDACTED}`);
  // A profile is no secret, but longer than everything else together.
  if (name === 'security-opt') return value.replace(/^(seccomp[=:])\{.*$/s, '$1{…}');
  if (name === 'mount') return /volume-opt/i.test(value) ? hideDriverOptions(value) : value;
  return runFlags[name].secret === true ? REDACTED : value;
}

/**
 * Options of a volume's driver hold the password of a file server, `volume-opt=o=addr=…,password=…`; without its
 * quotes a part of that looks like a field.
 */
function hideDriverOptions(mount: string): string {
  const fields = splitCsv(mount).map((field) => {
    if (/^(?:type|source|src|target|dst|destination)=|^(?:readonly|ro)$/i.test(field)) return field;
    return (/^volume-opt=(?:[^=]*=)?/i.exec(field)?.[0] ?? '') + REDACTED;
  });
  return fields.join(',');
}
