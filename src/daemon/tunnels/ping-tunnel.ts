/** A ping through a tunnel: the time there and back, and the largest packet that gets through. */
import { WormholeError } from '../../lib/errors.ts';
import type { TunnelPong } from '../../spec/api.ts';
import { Echo } from '../../sys/icmp.ts';
import type { Tunnel } from './tunnel.ts';

/** Milliseconds for the first answer: WireGuard may have to agree on keys before. */
const FIRST_MS = 3_000;
const SMALL = 64;
/** The least that every way of IPv4 carries. */
const LEAST = 576;
/** Milliseconds that a packet of another size gets, at least. */
const LEAST_MS = 200;

/** @throws {WormholeError} WH_ERR_TIMEOUT when nothing comes back; WH_ERR_TUNNEL when nothing can be sent */
export async function pingTunnel(tunnel: Tunnel): Promise<TunnelPong> {
  const { remote } = tunnel.record.shape.overlay;
  using namespace = tunnel.attachment?.namespace();
  try {
    using echo = new Echo(remote, namespace);
    return await measure(echo, tunnel);
  } catch (cause) {
    if (WormholeError.is(cause)) throw cause;
    // Without a way there, or where the guard lets nothing leave in clear text.
    throw new WormholeError('WH_ERR_TUNNEL', `nothing can be sent to ${remote}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function measure(echo: Echo, { record }: Tunnel): Promise<TunnelPong> {
  const { local, remote } = record.shape.overlay;
  const first = await echo.send(SMALL, FIRST_MS);
  if (first === undefined) {
    throw new WormholeError('WH_ERR_TIMEOUT', `nothing came back through the tunnel from ${remote} in ${FIRST_MS} ms`);
  }
  // The first one may have waited for keys, and for the host to look up the way.
  const rttMs = (await echo.send(SMALL, FIRST_MS)) ?? first;
  const patienceMs = Math.max(LEAST_MS, rttMs * 4);
  const passes = async (bytes: number): Promise<boolean> => (await echo.send(bytes, patienceMs)) !== undefined;
  return { peer: record.peer, local, remote, rttMs, mtu: await largest(echo.mtu, passes) };
}

/** @returns null when not even the least gets through, e.g. because answers are lost */
async function largest(believed: number, passes: (bytes: number) => Promise<boolean>): Promise<number | null> {
  if (await passes(believed)) return believed;
  if (!(await passes(LEAST))) return null;
  let [good, bad] = [LEAST, believed];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await passes(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
