/** Which tunnels can there be here? Found out as for a tunnel itself: by asking the kernel, not by looking for names of modules. */
import { WormholeError } from '../../lib/errors.ts';
import type { Check } from '../../spec/api.ts';
import type { Ability } from '../../tunnel/half.ts';
import { type Examine, ok, skip, warn } from './check.ts';

export const tunnels: Examine = async ({ abilities }) => {
  try {
    const { ipsec, wireguardKernel, wireguardGo, protection } = await abilities();
    return [
      judged('ipsec', ipsec, "the kernel's", 'IPsec'),
      wireguardKernel.works || !wireguardGo.works
        ? judged('wireguard', wireguardKernel, "the kernel's", 'WireGuard')
        : ok('wireguard', 'by wireguard-go; the kernel has none'),
      judged('tunnel firewall', protection, 'the kernel has nf_tables', ''),
    ];
  } catch (error) {
    const why = WormholeError.is(error) ? error.message : String(error);
    return [skip('tunnels', `cannot be looked at: ${why}`)];
  }
};

function judged(name: string, ability: Ability, detail: string, needing: string): Check {
  if (ability.works) return ok(name, detail);
  return warn(
    name,
    `missing is ${ability.missing}`,
    `only ${needing === '' ? '' : `${needing} `}tunnels need it: ${ability.remedy}`,
  );
}
