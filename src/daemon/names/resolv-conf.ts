/**
 * /etc/resolv.conf as data, see resolv.conf(5). Pure.
 *
 * Only what the file may decide is read, and capped: it belongs to the container, and must not be able to keep the
 * daemon busy for minutes with one name.
 */
import { isIP } from 'node:net';

export interface ResolverSettings {
  /** Literals, in the order to be asked. */
  readonly servers: readonly string[];
  /** Domains without dots at the ends; '' is the root. */
  readonly search: readonly string[];
  /** A name with at least so many dots is tried as it is before the search list. */
  readonly ndots: number;
  /** Milliseconds to wait for one server. */
  readonly timeoutMs: number;
  /** Rounds over all servers. */
  readonly attempts: number;
  /** Ask over TCP only. */
  readonly tcp: boolean;
}

/** As the C library's own limits, except for timeout and attempts, where it allows 30 s and 5. */
const maxServers = 3;
const maxSearch = 32;
/** Bytes of a name in a DNS question. */
const maxName = 253;
const maxNdots = 15;
const maxTimeoutS = 5;
const maxAttempts = 3;

/** What applies without a file, and to what it does not say: a server on the own loopback, as in the C library. */
const defaults = { server: '127.0.0.1', ndots: 1, timeoutS: 5, attempts: 2 } as const;

export function parseResolvConf(text: string): ResolverSettings {
  const servers: string[] = [];
  let search: string[] = [];
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver') servers.push(...words.slice(0, 1).filter(isUsableServer));
    // The last `search` or `domain` of the file counts.
    if (keyword === 'search') search = domains(words.slice(0, maxSearch));
    if (keyword === 'domain') search = domains(words.slice(0, 1));
    if (keyword === 'options')
      for (const word of words) options.set(word.split(':')[0] ?? '', word.split(':')[1] ?? '');
  }
  return {
    servers: servers.length === 0 ? [defaults.server] : servers.slice(0, maxServers),
    search,
    ndots: capped(options.get('ndots'), 0, maxNdots, defaults.ndots),
    timeoutMs: capped(options.get('timeout'), 1, maxTimeoutS, defaults.timeoutS) * 1000,
    attempts: capped(options.get('attempts'), 1, maxAttempts, defaults.attempts),
    tcp: options.has('use-vc'),
  };
}

/**
 * The absolute names to ask for, in order, without a final dot: with the search list applied, unless `name` is
 * absolute itself (ends in a dot).
 */
export function candidates(name: string, { search, ndots }: Pick<ResolverSettings, 'search' | 'ndots'>): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)].filter(isAskable);
  const searched = search.map((domain) => (domain === '' ? name : `${name}.${domain}`));
  const dots = name.split('.').length - 1;
  const all = dots >= ndots ? [name, ...searched] : [...searched, name];
  return [...new Set(all)].filter(isAskable);
}

/** What fits a DNS question: 253 bytes, labels of 1 to 63. */
function isAskable(name: string): boolean {
  return (
    name.length <= maxName && /^[\x21-\x7e]+$/.test(name) && name.split('.').every((l) => l !== '' && l.length <= 63)
  );
}

/** An interface name behind `%` would be looked up in the daemon's namespace, not in the container's: unusable. */
function isUsableServer(address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%');
}

/** Too long ones first: trimming takes time that grows with the square of a run of dots. */
function domains(words: readonly string[]): string[] {
  return words.filter((word) => word.length <= maxName).map((word) => word.replace(/^\.+|\.+$/g, ''));
}

function capped(text: string | undefined, least: number, most: number, absent: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Math.min(Math.max(Number(text), least), most) : absent;
}
