/**
 * What a container may say about itself, in labels: input → meaning.
 *
 *     dev.wormhole.create="url :8080"                       the host's 127.0.0.1:8080 → its own 127.0.0.1:8080
 *     dev.wormhole.create.web="url :80 tail url :8080"      several have names, and another port on each side
 *     … max-conns 100 conn-idle 5m connect-timeout 2s proxy-protocol v2
 *
 * A label is no sentence of an operator's: it names no other container, namespace, peer, path or host, starts nothing, and
 * listens only where the settings allow it. Pure: what the words come to is one wormhole that ends in this container.
 */
import type { Chain, EndpointSpec } from '../../spec/chain.ts';
import { invalid, show } from '../../spec/invalid.ts';
import { isLoopback, isUnspecified, parseIp } from '../../spec/ip.ts';
import { parse } from '../../spec/parse.ts';
import { splitWords } from '../../spec/shell.ts';
import { format } from '../../spec/spec.ts';

const LABEL = 'dev.wormhole.create';
/** Longest value in characters. */
const LENGTH_MAX = 1024;
const ID_MAX = 63;

/** Keys of labels that declare a wormhole, in order. */
export function declaringKeys(labels: Readonly<Record<string, string>>): string[] {
  return Object.keys(labels)
    .filter((key) => key === LABEL || key.startsWith(`${LABEL}.`))
    .sort();
}

export interface Declarer {
  /** Full id. */
  readonly id: string;
  readonly name: string;
}

/**
 * Reads one label.
 *
 * @param allowed addresses that may be listened on; `loopback` is any of the host's own
 * @returns words of a spec, id included
 * @throws {WormholeError} WH_ERR_SPEC_INVALID
 */
export function readLabel(key: string, value: string, container: Declarer, allowed: readonly string[]): string[] {
  if (value.length > LENGTH_MAX)
    throw invalid(`the label is ${value.length} characters long; it may have ${LENGTH_MAX}`);
  const chain = parse(splitWords(value));
  refuseReach(chain, allowed);
  const { segment } = chain;
  const [{ url } = {}] = segment.tail;
  const tail = [{ ...(url !== undefined && { url }), container: container.id }];
  return format({ ...chain, id: idOf(key, container), segment: { ...segment, tail } });
}

/** Its container's name, with the label's own behind a dot. @throws {WormholeError} WH_ERR_SPEC_INVALID */
function idOf(key: string, { id, name }: Declarer): string {
  const own = key.slice(LABEL.length);
  if (!/^(?:\.[a-zA-Z0-9_-]{1,32})?$/.test(own)) {
    throw invalid(`${show(key)} is not a label; after ${LABEL}. stand up to 32 letters, digits, "_" and "-"`);
  }
  const whole = `${name}${own}`;
  return whole.length <= ID_MAX ? whole : `${name.slice(0, ID_MAX - 13 - own.length)}-${id.slice(0, 12)}${own}`;
}

function refuseReach({ id, labels, segment }: Chain, allowed: readonly string[]): void {
  const { head, headOptions, tail, trigger, tailOptions, link } = segment;
  const [target = {}, ...others] = tail;
  const { connectTimeoutMs: _timeout, proxyProtocol: _header, ...containerOptions } = tailOptions;
  const said: ReadonlyArray<readonly [word: string, isSaid: boolean]> = [
    ['id', id !== undefined],
    ['label', Object.keys(labels).length > 0],
    [link?.kind ?? 'child', link !== undefined],
    ['trigger', trigger !== undefined],
    ['also', others.length > 0],
    ['docker-ns', [head, target].some(({ container, host }) => container !== undefined || host === true)],
    ['docker-run', head.run !== undefined || target.run !== undefined],
    ['connect', target.connect !== undefined],
    ['mode', headOptions.mode !== undefined],
    ['owner', headOptions.owner !== undefined],
    [Object.keys(containerOptions)[0] ?? '', Object.keys(containerOptions).length > 0],
  ];
  const word = said.find(([, isSaid]) => isSaid)?.[0];
  if (word !== undefined) {
    throw invalid(
      `a label has no ${word}; it says url, tail url, and options of connections, and leads to its own container`,
    );
  }
  refuseUrl(head, 'url');
  refuseUrl(target, 'tail url');
  const host = head.url?.host ?? '127.0.0.1';
  if (!mayListen(host, allowed)) {
    throw invalid(`a label may not listen on ${show(host)}; the setting labels allows ${allowed.join(', ')}`);
  }
  const own = target.url?.host ?? '127.0.0.1';
  const bytes = parseIp(own);
  if (own !== 'localhost' && (bytes === undefined || !isLoopback(bytes))) {
    throw invalid(`a label may not lead to ${show(own)}; leave the host out, it is the container's own 127.0.0.1`);
  }
}

function refuseUrl({ url = {} }: EndpointSpec, word: string): void {
  if (url.protocol === 'unix') throw invalid(`${word}: a label has no unix sockets, only tcp and udp`);
  if (url.namespace !== undefined) throw invalid(`${word}: a label names no namespace; it leads to its own container`);
}

function mayListen(host: string, allowed: readonly string[]): boolean {
  const bytes = parseIp(host);
  if (bytes === undefined) return false;
  return allowed.some((one) => {
    if (one === 'loopback') return isLoopback(bytes);
    const other = parseIp(one);
    if (other === undefined || other.length !== bytes.length) return false;
    return isUnspecified(other) || String(other) === String(bytes);
  });
}
