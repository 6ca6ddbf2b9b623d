/**
 * The ways in which the kernel that the tests run on can carry tunnels; of the others, what is missing. In the virtual
 * machine of CI that may be nothing.
 */
import type { Tunnel, TunnelRequest } from '../../src/spec/api.ts';
import type { Ability } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { Netns } from './netns.ts';
import { patience } from './patience.ts';
import type { Kind } from './wire.ts';

export interface TunnelType {
  readonly name: string;
  /** Of tunnel-create. */
  readonly flags: readonly string[];
  /** The same, of the API. */
  readonly request: Pick<TunnelRequest, 'type' | 'udp'>;
  /** In a sentence. */
  readonly word: 'tunnel' | 'udptunnel';
  /** What its packets are on the wire. */
  readonly kind: Kind;
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
  const missing = lack(ipsec, ipsecAttached, wireguardKernel);
  if (patience > 1 && process.env['CI'] !== undefined && missing !== undefined) {
    throw new Error(`nothing may be skipped on CI: the kernel has not got ${missing}`);
  }
  const wireguard = wireguardKernel.works ? wireguardKernel : wireguardGo;
  const engine = wireguardKernel.works ? 'kernel' : 'wireguard-go';
  return [
    {
      name: 'ipsec',
      flags: ['--type', 'ipsec'],
      request: { type: 'ipsec' },
      word: 'tunnel',
      kind: 'esp',
      shown: { type: 'ipsec', udp: false },
      lacks: lack(ipsec),
      attached: lack(ipsecAttached),
    },
    {
      name: 'ipsec in udp',
      flags: ['--udp', '--type', 'ipsec'],
      request: { type: 'ipsec', udp: true },
      word: 'udptunnel',
      kind: 'esp in udp',
      shown: { type: 'ipsec', udp: true },
      lacks: lack(ipsec),
      attached: lack(ipsecAttached),
    },
    {
      name: engine,
      flags: ['--type', 'wireguard'],
      request: { type: 'wireguard' },
      word: 'udptunnel',
      kind: 'wireguard',
      shown: { type: 'wireguard', engine },
      lacks: lack(wireguard),
      attached: undefined,
    },
  ];
}
