/** HOST as an operand: an address or the name of a peer, told as wrong usage where it is neither. */
import { parseAddress } from '../spec/address.ts';
import { parsePeerName } from '../spec/names.ts';
import type { Invocation } from './invocation.ts';
import { optional, reading } from './option.ts';

/** @returns `text` @throws {WormholeError} WH_ERR_USAGE */
export function readHost(verb: string, text: string): string {
  reading(verb, 'HOST', () => parseAddress(text));
  return text;
}

/** `--as NAME`. @throws {WormholeError} WH_ERR_USAGE */
export function readAs(call: Invocation, verb: string): string | undefined {
  const name = optional(call, verb, '--as');
  return name === undefined ? undefined : reading(verb, '--as', () => parsePeerName(name));
}
