/** What `--print-config` and `--help` write. */
import type { Effective } from './effective.ts';
import { CONFIG_ENV, type Option } from './options.ts';

/** Longest line, in characters, that the origins of the others are aligned with. */
const COLUMNS = 60;
/** Width of the help, in characters. */
const HELP_COLUMNS = 80;

/**
 * The effective settings as a config file that could be used as such; each line's comment says where it came from.
 *
 * Settings hold no secrets (the key is a file's path); user information inside an address is redacted all the same.
 */
export function printConfig(config: readonly Effective[]): string {
  const lines = config.map(({ option, value, origin }) => {
    const text = value === undefined ? `# ${option.key}:` : `${option.key}: ${redact(JSON.stringify(value))}`;
    return { text, origin };
  });
  // One long line does not push the origins of all others out of sight.
  const width = Math.max(0, ...lines.map(({ text }) => text.length).filter((length) => length <= COLUMNS));
  return lines.map(({ text, origin }) => `${text.padEnd(width)}  # ${origin}\n`).join('');
}

/** One option as help shows it. */
export interface HelpRow {
  readonly flag?: string;
  readonly key: string;
  readonly metavar?: string;
  readonly text: string;
  readonly env?: string;
}

export function helpRows(options: readonly Option[]): readonly HelpRow[] {
  const given = options.filter(({ fileOnly }) => !fileOnly);
  return [
    ...given.map(({ description, fallback, ...option }) => ({
      ...option,
      text: `${description}${showDefault(fallback)}`,
    })),
    {
      key: 'config',
      metavar: 'FILE',
      text: 'settings as YAML, the long options are its keys; none is read unless named',
      env: CONFIG_ENV,
    },
    { key: 'user-mode', text: 'files of an ordinary user: XDG directories instead of /etc, /run and /var/lib' },
    { key: 'print-config', text: 'show the effective settings and their origin, and end' },
    { key: 'version', text: 'show the version, and end' },
    { flag: 'h', key: 'help', text: 'show this text, and end' },
  ];
}

export function printHelp(options: readonly Option[]): string {
  const inFile = options.filter(({ fileOnly }) => fileOnly);
  const rows = helpRows(options).map(({ flag, key, metavar, text }) => ({
    names: `${flag === undefined ? '    ' : `-${flag}, `}--${key}${metavar === undefined ? '' : ` ${metavar}`}`,
    text,
  }));
  const width = Math.max(...rows.map(({ names }) => names.length));
  const table = rows.map(({ names, text }) => row(names, text, width)).join('');
  return (
    'usage: wormholed [options]\n\n' +
    'Owns the sockets of all wormholes on this machine; `wormhole` talks to it.\n\n' +
    `${table}\n` +
    'In the file only:\n' +
    `${inFile.map(({ key, description }) => row(`${key}:`, description, width)).join('')}\n` +
    'A flag wins over its environment variable (--state-dir: WORMHOLE_STATE_DIR),\nthat over the file.\n'
  );
}

/** Names, and the text beside them in lines that fit. */
function row(names: string, text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || width + 4 + line.length + 1 + word.length > HELP_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line, index) => `  ${(index === 0 ? names : '').padEnd(width)}  ${line}\n`).join('');
}

function showDefault(value: unknown): string {
  if (value === undefined) return '';
  const text = Array.isArray(value) ? value.join(' ') : value;
  if (text === '') return '';
  return ` (default ${typeof text === 'string' ? text : JSON.stringify(text)})`;
}

function redact(text: string): string {
  return text.replaceAll(/\/\/[^/@\s"]*@/g, '//[redacted]@');
}
