/** The ways in which the kernel that the tests run on can carry tunnels; of the others, what is missing. */
import type { Tunnel } from '../../src/spec/api.ts';
import type { Ability } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { Netns } from './netns.ts';

export interface TunnelType {
  readonly name: string;
  /** Of tunnel-create. */
  readonly flags: readonly string[];
  /** In a sentence. */
  readonly word: 'tunnel' | 'udptunnel';
  /** What tunnel-list says of one. */
  readonly shown: Partial<Tunnel>;
  /** Why it cannot be tested here. */
  readonly lacks: string | undefined;
  /** Why its end cannot be in a container here. */
  readonly attached: string | undefined;
}

export async function tunnelTypes(): Promise<readonly TunnelType[]> {
  using netns = Netns.create();
  using kernel = new KernelTunnels({ namespace: netns.namespace });
  const { ipsec, ipsecAttached, wireguardKernel, wireguardGo, protection } = await kernel.abilities();
  const lack = (...abilities: readonly Ability[]): string | undefined =>
    [protection, ...abilities].flatMap((one) => (one.works ? [] : [one.missing]))[0];
  const wireguard = wireguardKernel.works ? wireguardKernel : wireguardGo;
  const engine = wireguardKernel.works ? 'kernel' : 'wireguard-go';
  return [
    {
      name: 'ipsec',
      flags: ['--type', 'ipsec'],
      word: 'tunnel',
      shown: { type: 'ipsec', udp: false },
      lacks: lack(ipsec),
      attached: lack(ipsecAttached),
    },
    {
      name: 'ipsec in udp',
      flags: ['--udp', '--type', 'ipsec'],
      word: 'udptunnel',
      shown: { type: 'ipsec', udp: true },
      lacks: lack(ipsec),
      attached: lack(ipsecAttached),
    },
    {
      name: engine,
      flags: ['--type', 'wireguard'],
      word: 'udptunnel',
      shown: { type: 'wireguard', engine },
      lacks: lack(wireguard),
      attached: undefined,
    },
  ];
}
