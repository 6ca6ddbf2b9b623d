/**
 * One service as one sentence: its first door, the container behind it, and a chain of children for everything else.
 *
 *     url DOOR trigger docker-run "…"                        starts it
 *     child url ADDRESS:PORT tail url DOOR-OF-ANOTHER        inside its namespace: a service it talks to, first of all,
 *                                                            for it may talk to it before it is ready
 *     child url DOOR docker-ns trigger … docker-ns NAME      its other doors
 *
 * Another service is reached where that one's own wormhole listens, so that it is one container for all who use it.
 */
import { joinWords } from '../../spec/shell.ts';
import type { Door } from './doors.ts';
import { untranslatable } from './findings.ts';
import { joinHostPort } from './host-port.ts';
import type { Reach } from './reach.ts';
import type { Service } from './service.ts';

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

/** @returns the words of a spec; undefined when nobody can connect to the service @throws {WormholeError} WH_ERR_COMPOSE */
export function sentenceOf(service: Service, options: SentenceOptions): string[] | undefined {
  const { project, idle, note } = options;
  const { name, container } = service;
  const [first, ...others] = options.doors.get(name) ?? [];
  if (first === undefined) {
    note(`nobody can connect to it, so nothing would start it; start it yourself, or give it ports: or expose:`);
    return undefined;
  }
  const neighbours = neighboursOf(service, options);
  const hosts = neighbours.flatMap(({ names, address }) =>
    names.flatMap((host) => ['--add-host', `${host}:${address}`]),
  );
  const run = ['--name', container.name, ...hosts, ...container.flags, container.image, ...container.command];
  const idling = idle === undefined ? [] : ['idle', idle];
  const inside = neighbours.flatMap(({ address, doors }) => doors.map((door) => plantedAt(address, door)));
  return [
    'id',
    `${project}-${name}`,
    'label',
    `compose.project=${project}`,
    'label',
    `compose.service=${name}`,
    ...first.head,
    'trigger',
    ...target(first),
    'docker-run',
    joinWords(run),
    ...idling,
    // Inside the container's namespace: the first by its place in the chain, the others have to say so.
    ...inside.flatMap(({ head, tail }, index) => [
      'child',
      ...inFull(head),
      ...(index === 0 ? [] : ['docker-ns', container.name]),
      ...tail,
    ]),
    ...others.flatMap((door, index) =>
      otherDoor(door, { service, first, idling, note, last: index === others.length - 1 }),
    ),
  ];
}

/** A child takes its parent's protocol unless its own url says one, and the parent may be of datagrams. */
function inFull([word = '', url = '', ...others]: readonly string[]): string[] {
  return [word, url.includes('://') ? url : `tcp://${url}`, ...others];
}

function plantedAt(address: string, { port, url = '' }: Door): { readonly head: string[]; readonly tail: string[] } {
  const scheme = port.protocol === 'udp' ? 'udp://' : '';
  return { head: ['url', `${scheme}${joinHostPort(address, port.port)}`], tail: ['tail', 'url', url] };
}

/** What leads from a door to the port in the container, when the door itself does not say it. */
function target({ port, url }: Door): string[] {
  return url?.endsWith(`:${port.port}`) === true && !url.startsWith('unix://') ? [] : ['url', `:${port.port}`];
}

function otherDoor(
  door: Door,
  about: { service: Service; first: Door; idling: readonly string[]; note: (text: string) => void; last: boolean },
): string[] {
  const { service, first, idling, note, last } = about;
  const { name } = service.container;
  const opener = `${first.port.port}/${first.port.protocol}`;
  const each = `port ${door.port.port}/${door.port.protocol} listens once port ${opener} has started the service for the first time`;
  note(last ? each : `${each}, and does not start it again after it was idle`);
  // A link behind a trigger waits for that trigger: only the last may have one.
  const starting = last
    ? ['trigger', ...target(door), 'docker-ns', name, ...idling]
    : ['tail', ...target(door), 'docker-ns', name];
  return ['child', ...inFull(door.head), 'docker-ns', ...starting];
}

function neighboursOf(service: Service, options: SentenceOptions): Neighbour[] {
  const own = new Set(service.ports.map(({ port, protocol }) => `${port}/${protocol}`));
  const taken = new Map<string, Set<string>>();
  return service.reaches.flatMap((reach) => {
    const doors = (options.doors.get(reach.service) ?? []).filter(({ url }) => url !== undefined);
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
