/**
 * The URL grammar, argument of the word `url`: input → meaning.
 *
 *     :3306                 port 3306                     [::1]:80            host ::1, port 80
 *     db:3306               host db, port 3306            tcp://0.0.0.0:80    protocol, host, port
 *     blue@:80              port 80, in the `ip netns` namespace blue
 *     pid:1234@:80          … in the namespace of process 1234
 *     container:web@:80     … in the namespace of container web
 *     unix:///run/x.sock    a unix socket
 *
 * Each part is optional, one must be there. Defaults are not filled in here; see `planner.ts`.
 */
import type { UrlNamespace, UrlParts } from './chain.ts';
import { formatHost, parsePort, splitHostPort } from './host.ts';
import { invalid, show } from './invalid.ts';
import { parseContainer, parseNetnsName } from './names.ts';
import { parseSocketPath } from './path.ts';
import type { Protocol } from './plan.ts';

/** Linux' PID_MAX_LIMIT: no process has a greater number. */
const PID_MAX = 4_194_304;

/** Reads a URL; blanks around it are dropped. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseUrl(text: string): UrlParts {
  const url = text.replace(/^[ \t]+|[ \t]+$/g, '');
  const mark = url.indexOf('://');
  const protocol = mark < 0 ? undefined : parseProtocol(url.slice(0, mark));
  const rest = mark < 0 ? url : url.slice(mark + '://'.length);
  if (protocol === 'unix') return { protocol, ...(rest !== '' && { path: parseSocketPath(rest) }) };

  const [first = '', second, ...more] = rest.split('@');
  if (more.length > 0) throw invalid(`${show(url)} has more than one "@"; it separates one namespace from the host`);
  const namespace = second === undefined ? undefined : parseNamespace(first);
  const { host, port } = splitHostPort(second ?? first);
  const parts = {
    ...(protocol !== undefined && { protocol }),
    ...(namespace !== undefined && { namespace }),
    ...(host !== '' && { host }),
    ...(port !== undefined && port !== '' && { port: parsePort(port) }),
  };
  if (Object.keys(parts).length === 0)
    throw invalid(`${show(url)} says nothing; write [NS@]HOST:PORT, for example ":80"`);
  return parts;
}

function parseProtocol(text: string): Protocol {
  if (text === 'tcp' || text === 'udp' || text === 'unix') return text;
  throw invalid(`protocol ${show(text)} is not known; use tcp://, udp:// or unix://, in lower case`);
}

function parseNamespace(text: string): UrlNamespace {
  if (text === '') throw invalid('the namespace before "@" is empty; name one or leave the "@" out');
  if (text.startsWith('container:')) {
    return { kind: 'container', container: parseContainer(text.slice('container:'.length)) };
  }
  if (!text.startsWith('pid:')) return { kind: 'netns', name: parseNetnsName(text) };
  const pid = text.slice('pid:'.length);
  if (/^[1-9][0-9]{0,6}$/.test(pid) && Number(pid) <= PID_MAX) return { kind: 'pid', pid: Number(pid) };
  throw invalid(`${show(pid)} is not a process id; write pid:N with N from 1 to ${PID_MAX}`);
}

/** The namespace as it stands before `@`. */
export function formatNamespace(namespace: UrlNamespace): string {
  if (namespace.kind === 'netns') return namespace.name;
  return namespace.kind === 'pid' ? `pid:${namespace.pid}` : `container:${namespace.container}`;
}

/** The canonical spelling; the inverse of {@link parseUrl}. */
export function formatUrl(parts: UrlParts): string {
  const scheme = parts.protocol === undefined ? '' : `${parts.protocol}://`;
  if (parts.protocol === 'unix') return scheme + (parts.path ?? '');
  const namespace = parts.namespace === undefined ? '' : `${formatNamespace(parts.namespace)}@`;
  const host = parts.host === undefined ? '' : formatHost(parts.host);
  return scheme + namespace + host + (parts.port === undefined ? '' : `:${parts.port}`);
}

/**
 * Lays `next` over `base`: parts that `next` gives win.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID when a unix path and parts of a network address come together
 */
export function mergeUrl(base: UrlParts, next: UrlParts): UrlParts {
  const merged = { ...base, ...next };
  const network = merged.namespace !== undefined || merged.host !== undefined || merged.port !== undefined;
  if (merged.protocol === 'unix' ? network : merged.path !== undefined) {
    throw invalid(
      `${formatUrl(next)} and ${formatUrl(base)} contradict each other; a unix path has no host, port or "@"`,
    );
  }
  return merged;
}
