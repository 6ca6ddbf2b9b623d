/**
 * What one `-c` or `-R` says: where to listen, and where connections go. Input → meaning:
 *
 *     8080                       listen on 8080, go to port 8080 of the far machine itself
 *     8081:8080                  listen on 8081, go to port 8080 there
 *     db:3306                    listen on 3306, go to db:3306; the name is looked up at the far end
 *     8080:db:3306               listen on 8080, go to db:3306
 *     10.0.0.1:8080:db:3306      listen on that address instead of the loopback
 *     10.0.0.1:8080:80           the same, to port 80 of the far machine itself
 *     8080:[fd00::1]:80          an IPv6 address stands in brackets
 *     8080:container/web:80      go to the loopback of a container of the far machine (`-c` only)
 *     0:db:3306                  listen on a port that is free, and tell which (`-c` only)
 *
 * Of `-R` the far end listens, and this one goes; the spelling is the same.
 */
import { WormholeError } from '../../lib/errors.ts';
import { formatHost, parsePort, splitHostPort } from '../../spec/host.ts';
import { show } from '../../spec/invalid.ts';
import { parseIp } from '../../spec/ip.ts';
import { parseContainer } from '../../spec/names.ts';

const LOOPBACK = '127.0.0.1';
const IN_CONTAINER = 'container/';

/** Where a mapping listens: an IP literal without brackets; port 0 = one that is free. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
}

/** Where its connections go. */
export interface TargetPlace {
  readonly host: string;
  readonly port: number;
  /** Inside that container, whose own loopback `host` is. */
  readonly container?: string;
}

export interface Mapping {
  /** `out`: this end listens, the far one goes (`-c`). `back`: the other way round (`-R`). */
  readonly direction: 'out' | 'back';
  /** As it was written. */
  readonly text: string;
  readonly listen: ListenPlace;
  readonly target: TargetPlace;
}

/**
 * Reads the mappings, in the order given.
 *
 * @param bind where those of `-c` listen that do not say
 * @throws {WormholeError} WH_ERR_USAGE naming the mapping
 */
export function parseMappings(out: readonly string[], back: readonly string[], bind: string = LOOPBACK): Mapping[] {
  const host = told('--bind', bind, () => parseBind(bind));
  const found = [
    ...out.map((text) => told('-c', text, () => parseMapping('out', text, host))),
    ...back.map((text) => told('-R', text, () => withPort(parseMapping('back', text, LOOPBACK)))),
  ];
  if (found.length === 0)
    throw usage('there is nothing to forward; say what with -c or -R, for example -c 8080:db:3306');
  for (const [index, { direction, text, listen }] of found.entries()) {
    const same = found.findIndex(
      (other) =>
        other.direction === direction && other.listen.port === listen.port && other.listen.host === listen.host,
    );
    if (same !== index && listen.port !== 0) {
      throw usage(`${found[same]?.text} and ${text} listen on the same port; give one of them another: PORT:HOST:PORT`);
    }
  }
  return found;
}

/** e.g. `db:3306`, `container/web:80`. */
export function formatTarget({ host, port, container }: TargetPlace): string {
  return container === undefined ? `${formatHost(host)}:${port}` : `${IN_CONTAINER}${container}:${port}`;
}

function parseMapping(direction: Mapping['direction'], text: string, bind: string): Mapping {
  // At each colon that is not inside of brackets.
  const parts = text.split(/:(?![^[]*\])/);
  // BIND:PORT:PORT, as opposed to PORT:HOST:PORT.
  if (parts.length === 3 && !/^[0-9]*$/.test(parts[0] ?? '')) parts.splice(2, 0, LOOPBACK);
  const [last = '', before, listenPort, listenHost, ...more] = parts.toReversed();
  if (more.length > 0) throw usage('it has too many parts; write [[BIND:]PORT:][HOST:]PORT');
  const port = parseTargetPort(last);
  const host = listenHost === undefined ? bind : parseBind(listenHost);
  if (before !== undefined && listenPort === undefined && /^[0-9]+$/.test(before)) {
    return { direction, text, listen: { host, port: parsePort(before) }, target: { host: LOOPBACK, port } };
  }
  const target = before === undefined ? { host: LOOPBACK, port } : { ...parseTargetHost(before, direction), port };
  return { direction, text, listen: { host, port: listenPort === undefined ? port : parsePort(listenPort) }, target };
}

function withPort(mapping: Mapping): Mapping {
  if (mapping.listen.port === 0) throw usage('the far end has to be told a port');
  return mapping;
}

function parseTargetPort(digits: string): number {
  const port = parsePort(digits);
  if (port === 0) throw usage('port 0 leads nowhere; ports go from 1 to 65535');
  return port;
}

function parseTargetHost(text: string, direction: Mapping['direction']): Omit<TargetPlace, 'port'> {
  if (text.startsWith(IN_CONTAINER)) {
    if (direction === 'back') throw usage('-R leads to this machine, whose containers only its daemon can enter');
    return { host: LOOPBACK, container: parseContainer(text.slice(IN_CONTAINER.length)) };
  }
  const { host } = splitHostPort(`${text}:`);
  if (host === '') throw usage('it has an empty host; leave the colon out for the machine itself');
  return { host };
}

function parseBind(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (parseIp(bare.split('%')[0] ?? '') === undefined) throw usage(`${show(text)} is no IP address to listen on`);
  return bare;
}

function told<T>(flag: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!WormholeError.is(cause)) throw cause;
    throw new WormholeError('WH_ERR_USAGE', `${flag} ${show(text)}: ${cause.message}`, {
      cause,
      detail: { verb: 'forward' },
    });
  }
}

function usage(message: string): WormholeError {
  return new WormholeError('WH_ERR_USAGE', message, { detail: { verb: 'forward' } });
}
