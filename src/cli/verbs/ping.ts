/**
 * `ping [HOST]`: the time to the daemon and back, or through it to a peer; one number on stdout for scripts.
 *
 * On the hot path: imports only what has been loaded anyway.
 */
import { WormholeError } from '../../lib/errors.ts';
import { printable } from '../../spec/invalid.ts';
import type { Daemon, Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Prints milliseconds with six decimals; how it went, on stderr. */
export async function ping(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const hosts = call.words;
  const host = hosts.length === 0 ? undefined : hosts.join(' > ');
  const usage = (message: string): WormholeError =>
    new WormholeError('WH_ERR_USAGE', message, { detail: { verb: 'ping' } });
  const through = call.flags['tunnel'] === true;
  if (through && hosts.length !== 1) throw usage('--tunnel needs a HOST, and no more');
  if (host !== undefined) {
    const { readHost } = await import('../host.ts');
    for (const one of hosts) readHost('ping', one);
  }
  await using daemon = await call.open();
  if (through) return await pingTunnel(call, daemon, host ?? '');
  const payload = Math.random().toString(36).slice(2);
  const answer = await daemon.ping({ payload, ...(host !== undefined && { host }) });
  const gotMs = Date.now();
  if (answer.payload !== payload) throw new WormholeError('WH_ERR_PROTOCOL', 'the answer is not to this ping');
  // Its clock was read half-way, as far as anybody can tell, once there was a way.
  const clockSkewMs = Math.round(answer.timeMs - (gotMs - (answer.rttMs - (answer.way?.linkMs ?? 0)) / 2));

  const { rttMs: ms, connectMs, version, instance, peerRttMs, way } = answer;
  const path = host === undefined ? daemon.address : `${daemon.address} -> ${host}`;
  if (call.json) {
    await printJson(stdout, {
      ms,
      path,
      version,
      instance,
      clockSkewMs,
      connectMs,
      ...(peerRttMs !== undefined && { peerRttMs }),
      ...(way !== undefined && { way }),
    });
    return 0;
  }
  await print(stdout, `${ms.toFixed(6)}\n`);
  const via = peerRttMs === undefined ? '' : `, ${peerRttMs.toFixed(3)} ms of it beyond the daemon`;
  const link =
    way === undefined
      ? ''
      : `peer ${printable(way.name)} at ${printable(way.address)}, ${way.via === undefined ? way.path : `via ${printable(way.via)}`}, carrier ${way.carrier}${way.carrierReason === '' ? '' : ` (no QUIC: ${printable(way.carrierReason)})`}, key ${way.key}` +
        `${way.linkMs > 0 ? `, linked in ${way.linkMs.toFixed(3)} ms` : ''}\n`;
  await print(
    stderr,
    `path ${printable(path)}${via}, connected in ${connectMs.toFixed(3)} ms\n${link}version ${printable(version)}, instance ${printable(instance)}, clock skew ${clockSkewMs} ms\n`,
  );
  return 0;
}

/** The same through a tunnel. */
async function pingTunnel({ json, surroundings }: Invocation, daemon: Daemon, host: string): Promise<number> {
  const { stdout, stderr } = surroundings;
  const pong = await daemon.pingTunnel(host);
  if (json) {
    await printJson(stdout, pong);
    return 0;
  }
  const { local, remote, rttMs, mtu } = pong;
  await print(stdout, `${rttMs.toFixed(6)}\n`);
  const size = mtu === null ? 'large packets are lost' : `packets of up to ${mtu} bytes`;
  await print(stderr, `tunnel ${printable(local)} -> ${printable(remote)}, ${size}\n`);
  return 0;
}
