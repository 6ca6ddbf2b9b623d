/** `--mtu N`. */
import { usage } from './foreground.ts';

/** Bytes: what every IPv4 path passes, and what a packet can have; `src/tunnel/negotiation.ts` insists on them. */
const LEAST = 576;
const MOST = 65_535;

/** @throws {WormholeError} WH_ERR_USAGE */
export function readMtu(verb: string, value: unknown): number {
  const text = String(value);
  if (!/^[0-9]{1,5}$/.test(text)) throw usage(verb, '--mtu is a number of bytes');
  if (Number(text) < LEAST || Number(text) > MOST) throw usage(verb, `--mtu goes from ${LEAST} to ${MOST}`);
  return Number(text);
}
