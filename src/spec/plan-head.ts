/**
 * Plans where a segment listens, or, behind a link, where its connections come from.
 */
import type { EndpointSpec, Segment } from './chain.ts';
import { invalid, type SpecPlace } from './invalid.ts';
import type { HeadPlan, LinkKind, NamespaceRef, Protocol } from './plan.ts';
import type { Word } from './words.ts';

/** What a segment takes over from the one before it. */
export interface Inherited {
  readonly via: 'top' | LinkKind;
  /** Which segment this is; 0 = the first. */
  readonly segment: number;
  readonly protocol: Protocol;
  readonly host: string;
  readonly namespace: NamespaceRef;
  /** The nearest port that was given explicitly to a head up the chain, this one included. */
  readonly port?: number;
}

/** What the first segment starts from. */
export const top: Inherited = {
  via: 'top',
  segment: 0,
  protocol: 'tcp',
  host: '127.0.0.1',
  namespace: { kind: 'host' },
};

/** Streams and datagrams cannot be joined; unix sockets carry streams here. */
export function isDatagram(protocol: Protocol): boolean {
  return protocol === 'udp';
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function planHead({ head, headOptions }: Segment, inherited: Inherited): HeadPlan {
  const { maxConns, connIdleMs, mode, owner } = headOptions;
  return {
    ...whereFrom(head, inherited),
    ...(maxConns !== undefined && { maxConns }),
    connIdleMs: connIdleMs ?? 0,
    ...(mode !== undefined && { mode }),
    ...(owner !== undefined && { owner }),
  };
}

type Where = Omit<HeadPlan, 'connIdleMs' | 'maxConns' | 'mode' | 'owner'>;

function whereFrom(head: EndpointSpec, inherited: Inherited): Where {
  const { via } = inherited;
  return via === 'top' || via === 'child' || via === 'chain'
    ? listening(head, inherited)
    : arriving(head, inherited, via);
}

function listening(head: EndpointSpec, inherited: Inherited): Where {
  const { via } = inherited;
  const { url = {} } = head;
  const place: SpecPlace = { word: 'url', segment: inherited.segment, part: 'head' };
  const address = url.host !== undefined || url.port !== undefined;
  const protocol = url.protocol ?? (inherited.protocol === 'unix' && address ? 'tcp' : inherited.protocol);
  if (via === 'chain' && isDatagram(protocol) !== isDatagram(inherited.protocol)) {
    throw invalid(
      `a ${inherited.protocol} wormhole cannot go on as ${protocol}; use one protocol along the chain`,
      place,
    );
  }
  if (via === 'chain' && ownNamespace(head) !== undefined && inherited.namespace.kind !== 'host') {
    throw invalid('chain: the tail and the next head name two namespaces; name it in the tail only', {
      ...place,
      word: namespaceWord(head),
    });
  }
  if (via === 'chain' && head.run !== undefined) {
    throw invalid('docker-run after chain starts nothing that the tail leads to; put it into the tail before chain', {
      ...place,
      word: 'docker-run',
    });
  }
  const namespace = ownNamespace(head) ?? inherited.namespace;
  const run = head.run === undefined ? {} : { run: { words: head.run } };
  if (protocol === 'unix') {
    if (url.path === undefined) throw invalid('a unix head needs a path; write url unix:///PATH', place);
    return { protocol, namespace, host: '', port: 0, path: url.path, ...run };
  }
  if (via !== 'top' && (url.port ?? 0) === 0) {
    throw invalid(`the head after ${via} needs a port of its own; write ${via} url :PORT`, { ...place, word: via });
  }
  const fallback = inherited.protocol === 'unix' ? top.host : inherited.host;
  return { protocol, namespace, host: url.host ?? fallback, port: url.port ?? 0, ...run };
}

/** A head on a peer: its url may give the port that targets default to, and repeat the protocol. */
function arriving(head: EndpointSpec, inherited: Inherited, via: 'remote' | 'tunnel' | 'udptunnel'): Where {
  const { url = {} } = head;
  const place: SpecPlace = { word: 'url', segment: inherited.segment, part: 'head' };
  if (ownNamespace(head) !== undefined) {
    const word = namespaceWord(head);
    throw invalid(`a head after ${via} is in no namespace; for the target write tail before it`, { ...place, word });
  }
  if (url.host !== undefined || url.path !== undefined) {
    throw invalid(
      `a head after ${via} has no address of its own, only a port; for the target write tail before it`,
      place,
    );
  }
  if (url.protocol !== undefined && isDatagram(url.protocol) !== isDatagram(inherited.protocol)) {
    throw invalid(`a ${inherited.protocol} wormhole cannot go on as ${url.protocol}; use one protocol`, place);
  }
  const namespace = { kind: 'host' } as const;
  if (via === 'remote') {
    return {
      protocol: url.protocol ?? inherited.protocol,
      namespace,
      host: '',
      port: url.port ?? 0,
      arrival: 'carrier',
    };
  }
  const protocol = isDatagram(inherited.protocol) ? 'udp' : 'tcp';
  return { protocol, namespace, host: '', port: url.port ?? 0, arrival: 'overlay' };
}

/** The namespace that the words of this place name; undefined when none does. */
export function ownNamespace({ url, container, run, host }: EndpointSpec): NamespaceRef | undefined {
  if (host === true) return { kind: 'host' };
  if (container !== undefined) return { kind: 'container', container };
  return run === undefined ? url?.namespace : { kind: 'run' };
}

/** The word that named it. */
export function namespaceWord({ url, run }: EndpointSpec): Word {
  if (run !== undefined) return 'docker-run';
  return url?.namespace === undefined ? 'docker-ns' : 'url';
}
