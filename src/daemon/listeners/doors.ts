/** All ways into the control API: unix sockets first, they serve the people of this machine. */
import type { CarrierListener } from '../../carrier/listener.ts';
import { Scope } from '../../lib/scope.ts';
import type { Api } from '../api/server.ts';
import type { Settings, TcpAddress } from '../config/settings.ts';
import type { Logger } from '../log.ts';
import { listenUnix } from './unix.ts';

export interface DoorsOptions {
  readonly settings: Pick<Settings, 'unix' | 'tcp'>;
  /** The control port is the carrier's. */
  readonly carrier: () => Promise<Pick<CarrierListener, 'addresses'>>;
  readonly admit: Api['admit'];
  readonly log: Logger;
}

/** Open doors. Disposing stops accepting; connections go on. */
export interface Doors extends AsyncDisposable {
  /** Opens the control port, if there is to be one. @throws {WormholeError} WH_ERR_LISTEN */
  openPort(): Promise<readonly TcpAddress[]>;
}

/** Opens the unix sockets. @throws {WormholeError} WH_ERR_LISTEN, and none is left open */
export async function openDoors({ settings, carrier, admit, log }: DoorsOptions): Promise<Doors> {
  await using attempt = new Scope('control listeners');
  for (const path of settings.unix) attempt.use(await listenUnix({ path, admit, log }));
  const open = new Scope('control listeners');
  attempt.moveTo(open);
  return {
    async openPort() {
      return settings.tcp.length === 0 ? [] : (await carrier()).addresses;
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}
