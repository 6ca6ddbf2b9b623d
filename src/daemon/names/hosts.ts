/** /etc/hosts as data, see hosts(5): `ADDRESS NAME [ALIAS…]` per line, `#` begins a comment. Pure. */
import { isIP, isIPv4 } from 'node:net';

/**
 * @param text content of a hosts file; nothing in it is trusted, lines that make no sense are passed over
 * @param name as the user wrote it; compared without regard to case, a final dot does not count
 * @returns its addresses, IPv4 first, without repeats; empty when the file does not name it
 */
export function addressesInHosts(text: string, name: string): string[] {
  const wanted = canonical(name);
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((one) => canonical(one) === wanted)) found.add(address);
  }
  return ipv4First([...found]);
}

/** IPv4 before IPv6, else in the order given. */
export function ipv4First(addresses: readonly string[]): string[] {
  return [...addresses.filter((one) => isIPv4(one)), ...addresses.filter((one) => !isIPv4(one))];
}

/** Names compare without case and without the dot that ends an absolute one. */
export function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
