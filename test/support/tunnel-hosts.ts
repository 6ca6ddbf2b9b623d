/**
 * Two hosts for tunnels: namespaces that are joined by one link, each with tunnels of its own.
 *
 *   a ── va ───────── vb ── b
 *      10.9.0.1    10.9.0.2     and fd09::1, fd09::2 where the kernel has IPv6
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { Netns } from './netns.ts';

/** As it is built: sources in TypeScript are no program. */
export const holder = new URL('../../dist/tunnel/encapsulation/holder.js', import.meta.url);

export class TunnelHosts implements Disposable {
  readonly a = Netns.create();
  readonly b = Netns.create();
  readonly tunnelsA: KernelTunnels;
  readonly tunnelsB: KernelTunnels;
  readonly #others: Netns[] = [];

  /** @param unprotected on a kernel without a firewall */
  constructor(unprotected = false) {
    this.tunnelsA = new KernelTunnels({ namespace: this.a.namespace, unprotected, holder });
    this.tunnelsB = new KernelTunnels({ namespace: this.b.namespace, unprotected, holder });
    ip(this.a, `link add va type veth peer name vb netns ${this.b.name}`, ...setUp('va', 1));
    ip(this.b, ...setUp('vb', 2));
  }

  /** UML's kernel has it as a module that nothing loads. */
  static hasIpv6(): boolean {
    return existsSync('/proc/net/if_inet6');
  }

  /** A namespace like a container's. */
  container(): Netns {
    const made = Netns.create();
    this.#others.push(made);
    return made;
  }

  [Symbol.dispose](): void {
    this.tunnelsA[Symbol.dispose]();
    this.tunnelsB[Symbol.dispose]();
    for (const room of [...this.#others, this.a, this.b]) room[Symbol.dispose]();
  }
}

/** Runs a program in a namespace to its end. */
export const inside = (room: Netns, program: string, ...words: string[]): string =>
  execFileSync('nsenter', [`--net=${room.path}`, program, ...words], { encoding: 'utf8' });

export function pings(room: Netns, address: string, ...words: string[]): boolean {
  try {
    inside(room, 'ping', '-c2', '-i0.2', '-W2', ...words, address);
    return true;
  } catch {
    return false;
  }
}

/** Everything that a tunnel leaves in a namespace; what the kernel has no part for is left out. */
export function traces(room: Netns): string {
  const listed = ip(room, 'address', 'route', 'link').split('\n');
  // Addresses of IPv6, and whether the other end of a link is up, come and go by themselves.
  const kept = listed
    .filter((line) => !/^ +(inet6|valid_lft)/.test(line))
    .map((line) => line.replaceAll(/<\S*> |(qdisc|state|mode) \w+ |linkdown ?/g, '').trimEnd());
  const others = [
    ['ip', 'xfrm', 'state'],
    ['ip', 'xfrm', 'policy'],
    ['nft', 'list', 'tables'],
    ['ss', '-Hlun'],
  ].map(([program = '', ...words]) => {
    try {
      return inside(room, program, ...words);
    } catch {
      return '';
    }
  });
  return [...kept, ...others].join('\n');
}

/** Several commands of `ip` by one process: in a machine that is emulated each costs. What one of them lacks is left out. */
function ip(room: Netns, ...commands: string[]): string {
  const words = ['-n', room.name, '-force', '-batch', '-'];
  try {
    return execFileSync('ip', words, {
      encoding: 'utf8',
      input: commands.join('\n'),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? '';
  }
}

const setUp = (name: string, last: number): string[] => [
  `address add 10.9.0.${last}/24 dev ${name}`,
  ...(TunnelHosts.hasIpv6() ? [`address add fd09::${last}/64 dev ${name} nodad`] : []),
  `link set ${name} up`,
];

/** Half a second per try, as long as it takes a kernel in a machine that is emulated. */
export async function eventually(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`it never came to pass that ${what}`);
}
