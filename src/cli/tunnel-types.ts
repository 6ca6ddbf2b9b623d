/** What `--type` of tunnels takes. */
export const tunnelTypes = ['ipsec', 'wireguard', 'auto'] as const;
