/**
 * Who is at the other end of a connection that proved a key.
 */

/** Facts about the other end; the identity is proved, the address is only where it came from. */
export interface CarrierPeer {
  /** The PSK identity whose key it holds; `wormhole` is the class of all holders of the common key. */
  readonly identity: string;
  /** `HOST:PORT`, for logs. */
  readonly address: string;
  /** Of what comes on a link: which one, and who the peer says it is. */
  readonly link?: { readonly number: number; readonly host: string; readonly name: string };
}

/** `HOST:PORT`, IPv6 in brackets, IPv4 that came through an IPv6 socket as IPv4. */
export function formatPeer(host: string | undefined, port: number | undefined): string {
  const bare = (host ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return `${bare.includes(':') ? `[${bare}]` : bare}:${port ?? 0}`;
}
