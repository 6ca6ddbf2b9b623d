/**
 * Files of variables, as `docker run --env-file` reads them: a variable on each line, nothing quoted, nothing expanded.
 *
 *     # a comment           A=b c    the value is `b c`, blanks at its end included
 *     NAME                           the caller's own NAME; nothing when it is unset
 *
 * An error names file and line and never what stands there.
 */
import { invalid, show } from '../../spec/invalid.ts';

/** @param file how it is called in errors @returns `NAME=VALUE` each, in order @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readEnvFile(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const variables: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const name = equals < 0 ? line : line.slice(0, equals);
    const wrong = mistake(name, line);
    if (wrong !== undefined) throw invalid(`--env-file: line ${index + 1} of ${show(file)} ${wrong}`);
    const value = equals < 0 ? (Object.hasOwn(env, name) ? env[name] : undefined) : line.slice(equals + 1);
    if (value !== undefined) variables.push(`${name}=${value}`);
  }
  return variables;
}

function mistake(name: string, line: string): string | undefined {
  if (name === '') return 'has no NAME before "="; write NAME=VALUE';
  if (/[ \t]/.test(name)) return 'has a blank in the NAME; write NAME=VALUE without one before "="';
  return line.includes('\0') ? 'has a NUL character; remove it' : undefined;
}
