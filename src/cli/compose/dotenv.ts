/**
 * Files of NAME=VALUE lines as compose reads them, `.env` and those of `env_file`.
 *
 *     # comment                 NAME=value # comment        export NAME=value
 *     NAME='as it is, $too'     NAME="tab\t, $NAME, over
 *                                     several lines"
 */
import { untranslatable } from './findings.ts';
import { interpolate, type Variables } from './interpolate.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$$' };

/**
 * @param variables what the values may refer to; those of the file itself come first
 * @throws {WormholeError} WH_ERR_COMPOSE with the number of the line
 */
export function readDotenv(text: string, variables: Variables): Map<string, string> {
  const found = new Map<string, string>();
  const known: Variables = { ...variables, get: (name) => found.get(name) ?? variables.get(name) };
  const lines = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const entry = /[ \t]*(?:(#.*)|(?:export[ \t]+)?([\w.-]+)[ \t]*(?:[=:][ \t]*|(?=\n|$)))?/y;
  for (let at = 0; at < lines.length; ) {
    entry.lastIndex = at;
    const [whole = '', , name] = entry.exec(lines) ?? [];
    at += whole.length;
    if (name !== undefined) {
      const { value, end } = readValue(lines, at, known);
      found.set(name, value);
      at = end;
    }
    if (at < lines.length && lines.charAt(at) !== '\n') {
      const line = lines.slice(0, at).split('\n').length;
      throw untranslatable(`line ${line} is not NAME=VALUE; a value with blanks or quotes stands in quotes`);
    }
    at += 1;
  }
  return found;
}

function readValue(text: string, at: number, variables: Variables): { value: string; end: number } {
  const quoted = /'([^']*)'[ \t]*(?:#.*)?|"((?:[^"\\]|\\[\s\S])*)"[ \t]*(?:#.*)?/y;
  quoted.lastIndex = at;
  const match = quoted.exec(text);
  if (match !== null) {
    const [whole, single, double = ''] = match;
    const end = at + whole.length;
    if (single !== undefined) return { value: single, end };
    const unescaped = double.replaceAll(/\\([\s\S])/g, (both, char: string) => escapes[char] ?? both);
    return { value: interpolate(unescaped, variables), end };
  }
  const newline = text.indexOf('\n', at);
  const end = newline < 0 ? text.length : newline;
  const bare = text
    .slice(at, end)
    .replace(/(?:^|[ \t]+)#.*$/, '')
    .trim();
  return { value: interpolate(bare, variables), end };
}
