/**
 * `-e` and `-l`: variables and labels.
 *
 * Of a variable no message repeats anything, its name included: where the NAME is missing, what stands there may be
 * the password. `--env-file` and a bare `-e NAME` are the command line's to resolve: the daemon is root and has an
 * environment of its own, and must not read either for anybody.
 */
import { invalid, show } from '../invalid.ts';
import { type Flags, member, type Part, wrong } from './flags.ts';

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readEnvironment(flags: Flags): Part {
  if (flags.has('env-file')) {
    throw wrong('env-file', 'the daemon reads no files of yours; write the variables with -e NAME=VALUE');
  }
  // The last value of each variable counts.
  const variables = new Map(flags.all('env', readVariable).map((text) => [text.slice(0, text.indexOf('=')), text]));
  const labels = flags.all('label', readDockerLabel);
  return {
    config: {
      ...member('Env', [...variables.values()]),
      ...(labels.length > 0 && { Labels: Object.fromEntries(labels) }),
    },
  };
}

function readVariable(text: string): string {
  const equals = text.indexOf('=');
  if (equals === 0) throw invalid('there is no NAME before "="; write NAME=VALUE');
  if (equals < 0) throw invalid('a NAME alone is looked up where the command is given; write NAME=VALUE');
  return text;
}

/** `KEY` alone has an empty value. */
function readDockerLabel(text: string): [string, string] {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key === '') throw invalid('there is no KEY before "="; write KEY=VALUE');
  if (/^dev\.wormhole(?:\.|$)/.test(key)) {
    throw invalid(`${show(key)} is one of wormhole's own labels, by which it finds its containers; use another key`);
  }
  return [key, equals < 0 ? '' : text.slice(equals + 1)];
}
