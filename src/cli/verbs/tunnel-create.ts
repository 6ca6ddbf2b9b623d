/** `tunnel-create HOST`: makes a tunnel, or finds the one that is there; its overlay addresses on stdout for scripts. */
import type { TunnelRequest } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import { readHost } from '../host.ts';
import type { Invocation } from '../invocation.ts';
import { readMtu } from '../mtu.ts';
import { optional, usage } from '../option.ts';
import { print, printJson } from '../print.ts';
import { tunnelTypes } from '../tunnel-types.ts';

const VERB = 'tunnel-create';

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

function requestOf(call: Invocation): TunnelRequest {
  const peer = readHost(VERB, call.words[0] ?? '');
  const type = optional(call, VERB, '--type') ?? 'auto';
  const known = tunnelTypes.find((one) => one === type);
  if (known === undefined) throw usage(VERB, `--type is ${tunnelTypes.join(', ')}; not ${JSON.stringify(type)}`);
  const attach = optional(call, VERB, '--attach');
  const peerAttach = optional(call, VERB, '--peer-attach');
  const mtu = readMtu(call, VERB);
  return {
    peer,
    ...(known !== 'auto' && { type: known }),
    ...(call.flags['udp'] === true && { udp: true }),
    ...(attach !== undefined && { attach }),
    ...(peerAttach !== undefined && { peerAttach }),
    ...(mtu !== undefined && { mtu }),
  };
}
