/** Why the control port could not be opened, in words and with the remedy. */
import { WormholeError } from '../lib/errors.ts';
import { formatPeer } from './peer.ts';
import type { ListenAddress } from './server.ts';

export function listenError(address: ListenAddress, code: string): WormholeError {
  const text = formatPeer(address.host === '' ? '*' : address.host, address.port);
  const why = reasons[code] ?? code;
  return new WormholeError('WH_ERR_LISTEN', `cannot listen on ${text}: ${why}`, {
    detail: { address: text, reason: code },
  });
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it; stop it, or give another -H',
  EADDRNOTAVAIL: 'this machine has no such address; give one that it has with -H',
  EAFNOSUPPORT: 'this machine has no IPv6',
  EACCES: 'this user may not; ports below 1024 need root',
  ENOTFOUND: 'the name has no address',
};
