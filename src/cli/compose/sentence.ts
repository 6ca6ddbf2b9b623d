/**
 * One service as sentences: one for its first door and the container behind it, with a chain of children for the services it
 * talks to, and one for each other door.
 *
 *     url DOOR trigger docker-run "…"                starts it
 *     child url ADDRESS:PORT tail url DOOR           in its namespace: the door of a service that it talks to
 *
 *     url DOOR tail docker-run "…" child …           the same of a service with several doors: made at once, so that
 *     url DOOR trigger docker-ns NAME                each of the others has a container to lead to, and to start
 *
 * Another service is reached where that one's own wormhole listens, so that it is one container for all who use it.
 */
import { joinWords } from '../../spec/shell.ts';
import type { Door } from './doors.ts';
import { untranslatable } from './findings.ts';
import { joinHostPort } from './host-port.ts';
import type { Reach } from './reach.ts';
import type { Service } from './service.ts';

export interface Sentence {
  readonly service: string;
  readonly id: string;
  /** Words of a spec. */
  readonly words: readonly string[];
}

export interface SentenceOptions {
  readonly project: string;
  /** As the spec says it; undefined = never. */
  readonly idle: string | undefined;
  /** Doors of every service, the first starts it. */
  readonly doors: ReadonlyMap<string, readonly Door[]>;
  readonly services: ReadonlyMap<string, Service>;
  readonly note: (text: string) => void;
}

/** A service that is talked to, and at which address of the talker's own loopback. */
interface Neighbour {
  readonly names: readonly string[];
  readonly address: string;
  readonly doors: readonly Door[];
}

/** @returns id and words of each; none when nobody can connect to the service @throws {WormholeError} WH_ERR_COMPOSE */
export function sentencesOf(service: Service, options: SentenceOptions): Sentence[] {
  const { project, idle, note } = options;
  const { name, container } = service;
  const [first, ...others] = options.doors.get(name) ?? [];
  if (first === undefined) {
    note('nobody can connect to it, so nothing would start it; start it yourself, or give it ports: or expose:');
    return [];
  }
  const several = others.length > 0;
  if (several)
    note('it has several ports, and so is started once when it is created; from then on each of them starts it');
  const idling = idle === undefined ? [] : ['idle', idle];
  const id = `${project}-${name}`;
  const sentence = (own: string, words: readonly string[]): Sentence => {
    const labels = ['label', `compose.project=${project}`, 'label', `compose.service=${name}`];
    return { service: name, id: own, words: ['id', own, ...labels, ...words] };
  };
  const neighbours = neighboursOf(service, options);
  const hosts = neighbours.flatMap(({ names, address }) =>
    names.flatMap((host) => ['--add-host', `${host}:${address}`]),
  );
  const run = ['--name', container.name, ...hosts, ...container.flags, container.image, ...container.command];
  const inside = neighbours.flatMap(({ address, doors }) => doors.map((door) => plantedAt(address, door)));
  return [
    sentence(id, [
      ...first.head,
      several ? 'tail' : 'trigger',
      ...target(first),
      'docker-run',
      joinWords(run),
      ...idling,
      // Inside the container's namespace: the first by its place in the chain, the others have to say so.
      ...inside.flatMap(({ head, tail }, index) => [
        'child',
        ...head,
        ...(index === 0 ? [] : ['docker-ns', container.name]),
        ...tail,
      ]),
    ]),
    ...others.map((door) =>
      sentence(`${id}.${nameOf(door)}`, [
        ...door.head,
        'trigger',
        ...target(door),
        'docker-ns',
        container.name,
        ...idling,
      ]),
    ),
  ];
}

/** Unlike that of any other door of the service. */
function nameOf({ port: { published, port, protocol } }: Door): string {
  const outside = published !== undefined && published.port > 0 ? `${published.port}` : `${port}`;
  return protocol === 'udp' ? `${outside}-udp` : outside;
}

function plantedAt(address: string, { port, url = '' }: Door): { readonly head: string[]; readonly tail: string[] } {
  // In full: a child takes its parent's protocol unless its own url says one.
  return { head: ['url', `${port.protocol}://${joinHostPort(address, port.port)}`], tail: ['tail', 'url', url] };
}

/** What leads from a door to the port in the container, when the door itself does not say it. */
function target({ port, url }: Door): string[] {
  return url?.endsWith(`:${port.port}`) === true && !url.startsWith('unix://') ? [] : ['url', `:${port.port}`];
}

function neighboursOf(service: Service, options: SentenceOptions): Neighbour[] {
  const own = new Set(service.ports.map(({ port, protocol }) => `${port}/${protocol}`));
  const taken = new Map<string, Set<string>>();
  return service.reaches.flatMap((reach) => {
    const doors = distinct((options.doors.get(reach.service) ?? []).filter(({ url }) => url !== undefined));
    if (doors.length === 0) {
      options.note(`${reach.service} has no port that is known; give it expose: and the port it listens on`);
      return [];
    }
    const ports = doors.map(({ port }) => `${port.port}/${port.protocol}`);
    const clash = ports.find((port) => own.has(port));
    if (clash !== undefined) {
      throw untranslatable(
        `it reaches ${reach.service} at its own loopback, where port ${clash} is its own already; let one of the two listen on another port`,
      );
    }
    const address = freeAddress(ports, taken);
    return [{ names: namesOf(reach, options), address, doors }];
  });
}

/** One door for each port of the container. */
function distinct(doors: readonly Door[]): Door[] {
  const seen = new Map(doors.toReversed().map((door) => [`${door.port.port}/${door.port.protocol}`, door]));
  return doors.filter((door) => seen.get(`${door.port.port}/${door.port.protocol}`) === door);
}

/** The first loopback address at which none of the ports is another neighbour's. */
function freeAddress(ports: readonly string[], taken: Map<string, Set<string>>): string {
  for (let last = 1; last < 255; last++) {
    const address = `127.0.0.${last}`;
    const there = taken.get(address) ?? new Set();
    if (ports.some((port) => there.has(port))) continue;
    taken.set(address, new Set([...there, ...ports]));
    return address;
  }
  throw untranslatable('it depends on too many services with the same port');
}

function namesOf({ service, aliases }: Reach, { services }: SentenceOptions): string[] {
  const other = services.get(service);
  return [...new Set([service, ...aliases, ...(other?.aliases ?? [])])];
}
