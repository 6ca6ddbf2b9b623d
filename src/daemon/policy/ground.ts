/**
 * What this machine must keep from peers: ports that command it, its addresses, and sockets that command it by
 * whatever name they are reached.
 */
import { fstatSync, openSync, type Stats } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dockerSocket, type EngineAddress, podmanSocket } from '../../docker/address.ts';
import type { OwnGround } from '../../spec/policy-forbidden.ts';
import { O_PATH } from '../../sys/constants.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { openInRoot } from '../../sys/inroot.ts';
import type { Place } from '../places/place.ts';

/** Sockets of engines, beside the one that is used. */
const ENGINE_SOCKETS = [
  dockerSocket,
  podmanSocket,
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/systemd/private',
  '/run/dbus/system_bus_socket',
];

export interface GroundOptions {
  /** Ports of the control API, asked for, and bound when that is known. */
  readonly controlPorts: () => readonly number[];
  /** Paths of control sockets. */
  readonly controlSockets: readonly string[];
  /** Where the container engine is commanded; undefined when that cannot be told. */
  readonly engine: EngineAddress | undefined;
  /** Addresses of this machine that no interface has, e.g. behind NAT. */
  readonly otherAddresses: readonly string[];
}

export class Ground implements OwnGround {
  readonly #options: GroundOptions;

  constructor(options: GroundOptions) {
    this.#options = options;
  }

  get controlPorts(): readonly number[] {
    const { controlPorts, engine } = this.#options;
    return [...controlPorts(), ...(engine?.kind === 'tcp' ? [engine.port] : [])];
  }

  /** As they are now: a bridge may have come since. */
  get localAddresses(): readonly string[] {
    const found = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
    return [...found, ...this.#options.otherAddresses];
  }

  /** Paths of sockets that command this machine, whether they are there or not. */
  get commandSockets(): readonly string[] {
    const { controlSockets, engine } = this.#options;
    return [...controlSockets, ...ENGINE_SOCKETS, ...(engine?.kind === 'unix' ? [engine.path] : [])];
  }

  /**
   * Whether a path leads to a socket that commands this machine: by a link, or mounted into a container under another
   * name.
   */
  isCommandSocket(path: string, { root }: Pick<Place, 'root'>): boolean {
    const seen = statOf(path, root);
    if (seen === undefined) return false;
    return this.commandSockets.some((socket) => {
      const own = statOf(socket, undefined);
      return own !== undefined && own.ino === seen.ino && own.dev === seen.dev;
    });
  }
}

/** Of what the path names inside the root; nothing is opened for use. undefined when there is nothing */
function statOf(path: string, root: Place['root']): Stats | undefined {
  try {
    using file = root === undefined ? new OwnedFd(openSync(path, O_PATH)) : openInRoot(root.fd, path, O_PATH);
    return fstatSync(file.fd);
  } catch {
    return undefined;
  }
}
