/** `--mtu N`. */
import type { Invocation } from './invocation.ts';
import { optional, usage } from './option.ts';

/** Bytes: what every IPv4 path passes, and what a packet can have; `src/tunnel/negotiation.ts` insists on them. */
const LEAST = 576;
const MOST = 65_535;

/** @returns bytes; undefined when it is not said @throws {WormholeError} WH_ERR_USAGE */
export function readMtu(call: Invocation, verb: string): number | undefined {
  const text = optional(call, verb, '--mtu');
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,5}$/.test(text)) throw usage(verb, '--mtu is a number of bytes');
  if (Number(text) < LEAST || Number(text) > MOST) throw usage(verb, `--mtu goes from ${LEAST} to ${MOST}`);
  return Number(text);
}
