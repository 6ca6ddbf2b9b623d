/** HOST:PORT of a URL. */

/** @param host a literal without brackets, or a name */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
