/**
 * Variables in a compose file, as compose fills them in: input → meaning.
 *
 *     $NAME ${NAME}                  its value; '' when it is not set, which is told
 *     ${NAME:-text} ${NAME-text}     text when it is unset or empty; when it is unset
 *     ${NAME:?text} ${NAME?text}     an error in these cases
 *     ${NAME:+text} ${NAME+text}     text when it is set and not empty; when it is set
 *     $$                             a dollar sign
 *
 * Texts may hold variables again; values of variables are taken as they are.
 */
import { untranslatable } from './findings.ts';

export interface Variables {
  readonly get: (name: string) => string | undefined;
  /** Told of a variable that is not set and has no text in its place. */
  readonly onUnset: (name: string) => void;
}

/** Variables within variables; a file that needs more wants something else. */
const DEPTH_MAX = 16;

/** @throws {WormholeError} WH_ERR_COMPOSE for what is no variable, and for `?` of one that is not set */
export function interpolate(text: string, variables: Variables, depth = 0): string {
  if (!text.includes('$')) return text;
  if (depth > DEPTH_MAX) throw untranslatable(`variables within variables go deeper than ${DEPTH_MAX}`);
  let result = '';
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text.charAt(dollar + 1);
    const name = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1))?.[0];
    if (next === '$') {
      result += '$';
      at = dollar + 2;
    } else if (next === '{') {
      const end = closing(text, dollar + 2);
      result += substitute(text.slice(dollar + 2, end), variables, depth);
      at = end + 1;
    } else if (name !== undefined) {
      result += plain(name, variables);
      at = dollar + 1 + name.length;
    } else throw untranslatable(`a dollar sign stands alone in ${JSON.stringify(shorten(text))}; write $$ for one`);
  }
  return result;
}

/** Position of the brace that ends what begins at `from`. */
function closing(text: string, from: number): number {
  let open = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) open += 1;
    else if (text.charAt(at) === '}' && --open === 0) return at;
  }
  throw untranslatable(`\${ is not closed in ${JSON.stringify(shorten(text))}; add the brace`);
}

function substitute(inner: string, variables: Variables, depth: number): string {
  const [whole = '', name = '', operator, text = ''] = /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/.exec(inner) ?? [];
  if (whole === '') throw untranslatable(`\${${shorten(inner)}} is no variable; write $$ for a dollar sign`);
  if (operator === undefined) return plain(name, variables);
  const value = variables.get(name);
  const given = value !== undefined && (value !== '' || !operator.startsWith(':'));
  const other = (): string => interpolate(text, variables, depth + 1);
  if (operator.endsWith('+')) return given ? other() : '';
  if (given) return value;
  if (operator.endsWith('-')) return other();
  const reason = other();
  throw untranslatable(
    `variable ${name} is not set${reason === '' ? '; set it in the environment or in .env' : `: ${reason}`}`,
  );
}

function plain(name: string, { get, onUnset }: Variables): string {
  const value = get(name);
  if (value === undefined) onUnset(name);
  return value ?? '';
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
