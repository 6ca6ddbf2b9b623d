/**
 * Where a portable route listens: an address and what Node says about it as text.
 */

/** An IP literal and port (0 = ephemeral), or the path of a unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** `host:port` as people write it; an IPv4 client of a dual-stack listener is shown as IPv4. */
export function endpointText(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return '';
  const plain = plainHost(host);
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

function plainHost(host: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  return mapped?.[1] ?? host;
}
