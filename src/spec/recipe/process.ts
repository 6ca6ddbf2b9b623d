/** What runs in the container, and as whom: command, entry point, user, directory, terminal, end. */
import { invalid, isPrintable, show } from '../invalid.ts';
import { parseCount } from '../number.ts';
import { type Flags, member, type Part, wrong } from './flags.ts';
import { parseSignal } from './signal.ts';

/** Longest host name in characters: __NEW_UTS_LEN. */
const HOSTNAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** @param command words after the image @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readProcess(flags: Flags, command: readonly string[]): Part {
  if (flags.isOn('detach') === false) {
    throw wrong('detach', 'a container of a wormhole always runs detached; leave the flag out');
  }
  // The engine forgets the image's CMD by itself when it is given an entry point; [''] is none at all.
  const entrypoint = flags.last('entrypoint', readProgram);
  const init = flags.isOn('init');
  return {
    config: {
      ...member('Cmd', command),
      ...(entrypoint !== undefined && { Entrypoint: [entrypoint] }),
      ...member('WorkingDir', flags.last('workdir', readDirectory)),
      ...member('User', flags.last('user', readUser)),
      ...member('Hostname', flags.last('hostname', readHostname)),
      ...(flags.isOn('tty') === true && { Tty: true }),
      ...(flags.isOn('interactive') === true && { OpenStdin: true }),
      ...member('StopSignal', flags.last('stop-signal', parseSignal)),
      ...member('StopTimeout', flags.last('stop-timeout', readStopTimeout)),
    },
    ...(init !== undefined && { host: { Init: init } }),
  };
}

function readProgram(text: string): string {
  if (!isPrintable(text)) throw invalid(`${show(text)} has characters that cannot be printed`);
  return text;
}

function readDirectory(text: string): string {
  if (text.startsWith('/')) return text;
  throw invalid(`${show(text)} is not absolute; write the whole path inside the container`);
}

function readUser(text: string): string {
  if (/^[^\s:]+(?::[^\s:]+)?$/.test(text) && isPrintable(text)) return text;
  throw invalid(`${show(text)} is not USER or USER:GROUP, by name or number`);
}

function readHostname(text: string): string {
  if (HOSTNAME.test(text)) return text;
  throw invalid(`${show(text)} is not a host name (letters, digits, "-", "_" and dots, at most 64)`);
}

/** Seconds; -1 waits for ever. */
function readStopTimeout(text: string): number {
  return text === '-1' ? -1 : parseCount(text, 0, 2 ** 31 - 1);
}
