/** All ways into the control API: unix sockets first, they serve the people of this machine. */
import type { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Api } from '../api/server.ts';
import type { Settings, TcpAddress } from '../config/settings.ts';
import type { Logger } from '../log.ts';
import { listenUnix } from './unix.ts';

export interface DoorsOptions {
  readonly settings: Pick<Settings, 'unix' | 'tcp'>;
  /** For the control port, by identity; undefined when there is none. */
  readonly keys: ReadonlyMap<string, Secret> | undefined;
  readonly admit: Api['admit'];
  readonly log: Logger;
  readonly onFailure: (error: WormholeError) => void;
}

/** Open doors. Disposing stops accepting; connections go on. */
export interface Doors extends AsyncDisposable {
  /** Opens the control port, if there is to be one. @throws {WormholeError} WH_ERR_LISTEN */
  openPort(): Promise<readonly TcpAddress[]>;
}

/** Opens the unix sockets. @throws {WormholeError} WH_ERR_LISTEN, and none is left open */
export async function openDoors({ settings, keys, admit, log, onFailure }: DoorsOptions): Promise<Doors> {
  await using attempt = new Scope('control listeners');
  for (const path of settings.unix) attempt.use(await listenUnix({ path, admit, log }));
  const open = new Scope('control listeners');
  attempt.moveTo(open);
  return {
    async openPort() {
      if (settings.tcp.length === 0 || keys === undefined) return [];
      // Loaded when needed: the carrier costs a thread and TLS.
      const { listenTcp } = await import('./tcp.ts');
      return open.use(await listenTcp({ addresses: settings.tcp, keys, admit, log, onFailure })).addresses;
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}
