/**
 * WireGuard tunnels between two hosts, by the kernel.
 *
 * Needs in the kernel: wireguard, nf_tables; the program wg. Says what is missing and is skipped then.
 */
import { lackingWireguard } from '../support/wireguard-halves.ts';
import { wireguardSuite } from '../support/wireguard-suite.ts';

const lacking = await lackingWireguard('kernel');

wireguardSuite('kernel', lacking !== '');
