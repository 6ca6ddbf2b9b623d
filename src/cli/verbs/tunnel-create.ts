/** `tunnel-create HOST`: makes a tunnel, or finds the one that is there; its overlay addresses on stdout for scripts. */
import { WormholeError } from '../../lib/errors.ts';
import type { TunnelRequest } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import { readHost } from '../host.ts';
import type { Invocation } from '../invocation.ts';
import { readMtu } from '../mtu.ts';
import { tunnelTypes } from '../overlay-verbs.ts';
import { print, printJson } from '../print.ts';

/** Prints `LOCAL REMOTE`. */
export async function tunnelCreate(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const request = requestOf(call);
  await using daemon = await call.open();
  const tunnel = await daemon.createTunnel(request, { timeoutMs: 0, signal: call.surroundings.signal });
  if (call.json) {
    await printJson(stdout, tunnel);
    return 0;
  }
  await print(stdout, `${printable(tunnel.local)} ${printable(tunnel.remote)}\n`);
  const { type, engine, udp, peer, state, reason } = tunnel;
  const how = type === 'wireguard' ? `WireGuard by ${engine}` : udp ? 'IPsec in UDP' : 'IPsec';
  const trouble = state === 'complete' ? '' : `, ${state}: ${reason}`;
  await print(stderr, `${printable(how)} to ${printable(peer)}${printable(trouble)}\n`);
  return 0;
}

function requestOf({ words, flags }: Invocation): TunnelRequest {
  const peer = readHost('tunnel-create', words[0] ?? '');
  const { udp, type = 'auto', attach, peerAttach, mtu } = flags;
  const known = tunnelTypes.find((one) => one === type);
  if (known === undefined) throw usage(`--type is ${tunnelTypes.join(', ')}; not ${JSON.stringify(type)}`);
  return {
    peer,
    ...(known !== 'auto' && { type: known }),
    ...(udp === true && { udp: true }),
    ...(attach !== undefined && { attach: named('--attach', attach) }),
    ...(peerAttach !== undefined && { peerAttach: named('--peer-attach', peerAttach) }),
    ...(mtu !== undefined && { mtu: readMtu('tunnel-create', mtu) }),
  };
}

/** An unset shell variable must never turn a container into the host. */
function named(flag: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw usage(`${flag} names no container`);
  return value;
}

function usage(message: string): WormholeError {
  return new WormholeError('WH_ERR_USAGE', message, { detail: { verb: 'tunnel-create' } });
}
