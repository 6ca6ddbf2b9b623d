/**
 * Settings of a daemon that an ordinary user runs: the same, but for where its files are by default.
 *
 * The directories are those of the XDG Base Directory specification.
 */
import { isAbsolute, join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import type { Environment } from './environment.ts';
import type { Option } from './options.ts';

/** @throws {WormholeError} WH_ERR_CONFIG when the user has no home */
export function userDefaults(options: readonly Option[], env: Environment): readonly Option[] {
  // As the specification has it, a relative path is none.
  const given = (name: string): string | undefined => {
    const path = env[name];
    return path !== undefined && isAbsolute(path) ? path : undefined;
  };
  const inHome = (name: string, ...folders: readonly string[]): string => {
    const base = given(name);
    if (base !== undefined) return join(base, 'wormhole');
    const home = given('HOME');
    if (home === undefined) throw new WormholeError('WH_ERR_CONFIG', `--user-mode needs HOME or ${name} to be set`);
    return join(home, ...folders, 'wormhole');
  };
  const stateDir = inHome('XDG_STATE_HOME', '.local', 'state');
  const runtime = given('XDG_RUNTIME_DIR');
  const fallbacks: Readonly<Record<string, string>> = {
    'state-dir': stateDir,
    'key-file': join(inHome('XDG_CONFIG_HOME', '.config'), 'key.secret'),
    // Without a directory for sockets (no login session), beside the state.
    socket: join(runtime === undefined ? stateDir : join(runtime, 'wormhole'), 'wormhole.sock'),
  };
  return options.map((option) => {
    const fallback = fallbacks[option.key];
    return fallback === undefined ? option : { ...option, fallback };
  });
}
