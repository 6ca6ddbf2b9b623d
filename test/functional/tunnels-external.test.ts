/** `-E`: a host behind a NAT that passes fixed ports tells its peers where it is, and is found there. */
import { expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { Hosts } from '../support/hosts.ts';
import { makeTunnel, pings, tunnelsOf } from '../support/tunnel-daemons.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const PORT = 4700;

const types = (await tunnelTypes()).filter(({ lacks, name }) => lacks === undefined && name !== 'ipsec');

test.each(types)('F25 by $name the peer sends to the external address, unasked', async ({ request }) => {
  await using world = await Hosts.start({ hosts: { a: {}, c: { nat: true, down: true } } });
  const { a, c } = world;
  // The router's, on a's side: by it a sees c.
  const external = a.site.v4.replace(/\d+$/, '1');
  c.knows('a', a.site.v4);
  // As the administrator of the NAT would: the port of the tunnels leads inside.
  const rules = `insert rule inet internet forward ct status dnat accept
    table ip external {
      chain in { type nat hook prerouting priority -100; ip daddr ${external} udp dport ${PORT} dnat to ${c.site.v4}; }
    }`;
  await command('nsenter', [`--net=${world.router.path}`, 'nft', '--file', '-'], { stdin: rules });
  await c.up({ flags: ['-E', external, '-I', c.site.v4, '-P', String(PORT)] });
  const { local, remote } = await makeTunnel(c, { peer: 'a', ...request });
  expect((await tunnelsOf(a))[0]).toMatchObject({ outerRemote: external });
  expect([await pings(a, local), await pings(c, remote)]).toEqual([true, true]);
});
