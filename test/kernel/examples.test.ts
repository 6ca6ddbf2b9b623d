/** The examples with tunnels that somebody makes, on a kernel that has IPsec; those with tunnels on demand are in a file of their own. */
import { testExamples } from '../support/kernel-examples.ts';

testExamples([
  {
    name: '05-tunnel',
    shows: [/MariaDB/, /myserver +complete +ipsec /, /MariaDB/, /myserver +complete +ipsec in udp /],
  },
  { name: '08-tunnel-alone', shows: [/the page of myserver/, /myserver +complete +ipsec /] },
  { name: 'wgtunnel', shows: [/you are 100\./, /myserver +complete +wireguard /] },
]);
