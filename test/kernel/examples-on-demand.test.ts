/** The examples in which a connection makes the tunnel, or starts what is at its other end, on a kernel that has IPsec. */
import { testExamples } from '../support/kernel-examples.ts';

testExamples([
  { name: '06-tunnel-on-demand', shows: [/MariaDB/, /myserver +complete +ipsec /, /first-byte/] },
  { name: '07-wordpress-tunnel', shows: [/<title>Wormhole shop/, /myserver +complete +ipsec /] },
]);
