/** From the words of a spec to what can be carried out and what can be shown. */
import { WormholeError } from '../../lib/errors.ts';
import type { Chain } from '../../spec/chain.ts';
import { formatHost, parsePort, splitHostPort } from '../../spec/host.ts';
import { show } from '../../spec/invalid.ts';
import { parseIp } from '../../spec/ip.ts';
import type { Plan, RestOfSpec } from '../../spec/plan.ts';
import { chainOfRest, parse, plan, planOfRest, quote, redact, redactChain } from '../../spec/spec.ts';
import type { Surroundings } from '../surroundings.ts';

export interface Interpreted {
  readonly plan: Plan;
  /** The same for people: secrets redacted. */
  readonly shown: { readonly spec: string; readonly plan: Plan };
}

/**
 * Interprets for somebody; also what was allowed once, because the policy may be another one by now.
 *
 * @param owner identity of a peer; undefined = somebody of this machine
 * @throws {WormholeError} as `interpret` below; WH_ERR_POLICY
 */
export async function interpretFor(
  owner: string | undefined,
  words: readonly string[],
  policies: Pick<Surroundings['policies'], 'judge'>,
  signal: AbortSignal,
): Promise<Interpreted> {
  const found = interpret(words);
  if (owner !== undefined) await policies.judge(owner, found.plan, signal);
  return found;
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID, WH_ERR_SELF_PROXY */
function interpret(words: readonly string[]): Interpreted {
  return interpretChain(parse(words), plan);
}

/**
 * Interprets what a peer asks to run here, and has it judged.
 *
 * @param overlay address that its connections come to, through a tunnel; undefined = on the link
 * @throws {WormholeError} as {@link interpretFor}
 */
export async function interpretRest(
  owner: string,
  rest: RestOfSpec,
  overlay: string | undefined,
  policies: Pick<Surroundings['policies'], 'judge'>,
  signal: AbortSignal,
): Promise<Interpreted> {
  const found = interpretChain(chainOfRest(rest), (chain) => planOfRest(chain, rest, overlay));
  await policies.judge(owner, found.plan, signal);
  return found;
}

/**
 * Interprets what a peer asks to listen on here, for connections that it takes itself, and has it judged.
 *
 * @param peer what it calls itself
 * @param listen `HOST:PORT`, a literal
 * @throws {WormholeError} as {@link interpretFor}
 */
export async function interpretListener(
  owner: string,
  peer: string,
  listen: string,
  policies: Pick<Surroundings['policies'], 'judge'>,
  signal: AbortSignal,
): Promise<Interpreted & { readonly words: readonly string[] }> {
  const { host, port = '' } = splitHostPort(listen);
  if (parseIp(host.split('%')[0] ?? '') === undefined || port === '' || parsePort(port) === 0) {
    throw new WormholeError('WH_ERR_SPEC_INVALID', `${show(listen)} is no IP address and port to listen on`);
  }
  const words = ['url', `tcp://${formatHost(host)}:${parsePort(port)}`, `remote=${peer}`];
  const found = interpret(words);
  // It may have its own connections: only where it listens has to be judged.
  const { link: _, ...here } = found.plan.segment;
  await policies.judge(owner, { ...found.plan, segment: here }, signal);
  return { words, ...found };
}

function interpretChain(chain: Chain, planOf: (chain: Chain) => Plan): Interpreted {
  const whole = planOf(chain);
  return { plan: whole, shown: { spec: quote(redact(chain)), plan: planOf(redactChain(chain)) } };
}
