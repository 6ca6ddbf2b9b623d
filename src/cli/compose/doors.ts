/**
 * Where the ports of a service are reached from outside of its container: on the host, as published, or, for other services
 * only, at a unix socket that nobody else may open.
 *
 * The first door is the one that starts the service.
 */
import { joinHostPort } from './host-port.ts';
import { knownPort } from './known-ports.ts';
import type { ServicePort } from './ports.ts';
import type { Service } from './service.ts';

export interface Door {
  readonly port: ServicePort;
  /** Words of the head. */
  readonly head: readonly string[];
  /** URL by which it is dialed from the host's namespace; undefined when its port is not known before. */
  readonly url: string | undefined;
}

export interface DoorOptions {
  readonly project: string;
  /** Address for published ports that name none. */
  readonly bind: string;
  /** Directory of the unix sockets. */
  readonly runDirectory: string;
}

/**
 * @param wanted other services talk to it
 * @param note told of what cannot be had
 */
export function doorsOf(service: Service, wanted: boolean, options: DoorOptions, note: (text: string) => void): Door[] {
  const doors = service.ports.flatMap((port) => doorOf(service, port, wanted, options, note) ?? []);
  const usual = knownPort(service.container.image);
  const first = wanted
    ? (doors.find(({ port }) => port.protocol === 'tcp' && port.port === usual) ??
      doors.find(({ port }) => port.published === undefined))
    : undefined;
  return first === undefined ? doors : [first, ...doors.filter((door) => door !== first)];
}

function doorOf(
  service: Service,
  port: ServicePort,
  wanted: boolean,
  { project, bind, runDirectory }: DoorOptions,
  note: (text: string) => void,
): Door | undefined {
  const scheme = port.protocol === 'udp' ? 'udp://' : '';
  const { published } = port;
  if (published !== undefined && (published.port > 0 || !wanted || scheme !== '')) {
    if (published.host === '' && bind === '127.0.0.1') {
      note(
        `ports: ${published.port || 'a free port'} is on 127.0.0.1 now, where compose has it on every address; --bind 0.0.0.0 does so, too`,
      );
    }
    const host = published.host === '' ? bind : published.host;
    const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    const url = published.port === 0 ? undefined : `${scheme}${joinHostPort(near, published.port)}`;
    return { port, head: ['url', `${scheme}${joinHostPort(host, published.port)}`], url };
  }
  if (!wanted) return undefined;
  if (published !== undefined)
    note(`ports: ${port.port} gets no port of the host; name one, as in 8080:${port.port}, to have both`);
  if (scheme !== '') {
    note(
      `expose: ${port.port}/udp is reached by nobody, for datagrams need a port of the host; publish it: 127.0.0.1:${port.port}:${port.port}/udp`,
    );
    return undefined;
  }
  const path = `unix://${runDirectory}/${project}-${service.name}-${port.port}.sock`;
  return { port, head: ['url', path, 'mode', '0600'], url: path };
}
