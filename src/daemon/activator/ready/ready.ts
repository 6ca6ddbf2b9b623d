/**
 * Readiness: waits until what a trigger has started can serve its first client.
 *
 * Each probe looks from where a client's connection will come from, the target's own namespace or root, and treats what
 * it reads there as hostile: it is bounded, and decides about that one container only. When to give up is for
 * the caller, whose signal ends every probe at once and leaves neither a socket nor a timer behind.
 */
import { WormholeError } from '../../../lib/errors.ts';
import type { ReadyProbe } from '../../../spec/plan.ts';
import { SyscallError } from '../../../sys/errno.ts';
import { resolveInPlace } from '../../names/resolve.ts';
import { Addresses } from './addresses.ts';
import { untilHealthy } from './health.ts';
import { untilHttp } from './http.ts';
import { untilLogged } from './log.ts';
import { untilConnected } from './stream.ts';
import { type ProbeRunner, type ProbeTarget, type Ready, type Resolve, teller } from './target.ts';
import { untilBound } from './udp.ts';

/**
 * Resolves when the target is ready.
 *
 * @param resolve how a name of the target's is looked up
 * @throws {WormholeError} WH_ERR_CONTAINER_FAILED when it will not become ready any more, WH_ERR_SPEC_INVALID when the probe
 *   cannot work with this container, WH_ERR_NAMESPACE; the signal's own reason when that aborts
 */
export async function untilReady(
  probe: ReadyProbe,
  target: ProbeTarget,
  runner: ProbeRunner,
  signal: AbortSignal,
  resolve: Resolve = resolveInPlace,
): Promise<Ready> {
  const note = teller(target);
  const addresses = new Addresses(target, resolve);
  try {
    signal.throwIfAborted();
    switch (probe.kind) {
      case 'tcp':
        if (target.protocol !== 'udp') return { socket: await untilConnected(target, addresses, note, signal) };
        await untilBound(target, addresses, note, signal);
        break;
      case 'http':
        await untilHttp(probe, target, addresses, note, signal);
        break;
      case 'health':
        await untilHealthy(target, runner, note, signal);
        break;
      case 'log':
        await untilLogged(probe.regex, target, runner, note, signal);
        break;
      case 'none':
        break;
    }
    return {};
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (!(cause instanceof SyscallError)) throw cause;
    throw new WormholeError(
      'WH_ERR_NAMESPACE',
      `the namespace of ${target.place.label} cannot be entered (${cause.code}); wormholed must run as root`,
      { cause },
    );
  }
}
