/**
 * `forward -t ADDR -c SPEC… [-R SPEC…]`: ports of another machine's network here, and of this one's there, until interrupted.
 */
import { once } from 'node:events';
import { type Forward, type ForwardOptions, forward, type MappingStatus } from '../../agent/forward/index.ts';
import { parseDuration, parseTimeout } from '../../spec/duration.ts';
import { ForwardView } from '../forward-view.ts';
import { readAs } from '../host.ts';
import type { Invocation } from '../invocation.ts';
import { optional, reading, usage } from '../option.ts';
import { print } from '../print.ts';

const VERB = 'forward';
const DRAIN_MS = 10_000;

/** Prints where each mapping listens and leads, then runs. */
export async function forwardVerb(call: Invocation): Promise<number> {
  const { stdout, signal } = call.surroundings;
  const drainMs = duration(call, '--drain', parseDuration) ?? DRAIN_MS;
  using view = new ForwardView(call);
  const start = new AbortController();
  const interrupted = (): void => start.abort(signal.reason);
  signal.addEventListener('abort', interrupted, { once: true });
  let ports: Forward;
  try {
    ports = await forward({
      ...optionsOf(call),
      signal: start.signal,
      onEvent: (event) => view.event(event),
      onStatus: (status) => view.status(status),
    });
  } catch (error) {
    // An interrupt is the ordinary end, also before there was anything to end.
    if (signal.aborted) return 0;
    throw error;
  }
  signal.removeEventListener('abort', interrupted);
  const { mappings, peer } = ports.status();
  if (call.json) view.say('info', 'forwarding', { mappings });
  else {
    // It may be the same terminal.
    view[Symbol.dispose]();
    await print(stdout, mappings.map((mapping) => `${lineOf(mapping, peer)}\n`).join(''));
  }
  await until(ports, signal);
  const open = ports.status().mappings.reduce((sum, { connectionsOpen }) => sum + connectionsOpen, 0);
  if (open > 0) view.say('info', 'waiting for connections to end; again ends them now', { open });
  await ports.close(drainMs);
  return 0;
}

/** @throws {WormholeError} why it was given up */
async function until(ports: Forward, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const left = new AbortController();
  try {
    await Promise.race([ports.over, once(signal, 'abort', { signal: left.signal })]);
  } finally {
    left.abort();
  }
}

/** e.g. `tcp://127.0.0.1:3306 -> db:3306 at db-host`. */
function lineOf({ direction, listen, target }: MappingStatus, peer: string): string {
  return direction === 'out' ? `tcp://${listen} -> ${target} at ${peer}` : `tcp://${listen} at ${peer} -> ${target}`;
}

function optionsOf(call: Invocation): ForwardOptions {
  const { whereabouts, flags } = call;
  const target = optional(call, VERB, '--target') ?? whereabouts.address;
  if (target === undefined) throw usage(VERB, 'the daemon that forwards is missing; name it with -t HOST[:PORT]');
  const bind = optional(call, VERB, '--bind');
  const as = readAs(call, VERB);
  const resumeMs = duration(call, '--resume', parseDuration);
  const retryMs = duration(call, '--retry-interval', parseTimeout);
  return {
    target,
    connections: list(call, 'connection'),
    reverse: list(call, 'reverse'),
    retry: flags['retry'] === true,
    ...(bind !== undefined && { bind }),
    ...(as !== undefined && { as }),
    ...(whereabouts.keyFile !== undefined && { keyFile: whereabouts.keyFile }),
    ...(resumeMs !== undefined && { resumeMs }),
    ...(retryMs !== undefined && { retryMs }),
  };
}

function list({ flags }: Invocation, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** Milliseconds. */
function duration(call: Invocation, flags: string, parse: (text: string) => number): number | undefined {
  const text = optional(call, VERB, flags);
  return text === undefined ? undefined : reading(VERB, flags, () => parse(text));
}
