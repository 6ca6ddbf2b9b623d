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
    this.a.ip('link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb', 'netns', this.b.name);
    for (const [room, name, last] of [
      [this.a, 'va', 1],
      [this.b, 'vb', 2],
    ] as const) {
      room.ip('address', 'add', `10.9.0.${last}/24`, 'dev', name);
      if (TunnelHosts.hasIpv6()) room.ip('address', 'add', `fd09::${last}/64`, 'dev', name, 'nodad');
      room.ip('link', 'set', name, 'up');
    }
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
  const questions: string[][] = [
    ['ip', 'xfrm', 'state'],
    ['ip', 'xfrm', 'policy'],
    ['ip', '-4', 'address', 'show', 'dev', 'lo'],
    ['ip', 'route'],
    ['ip', '-br', 'link'],
    ['nft', 'list', 'tables'],
    ['ss', '-Hlun'],
  ];
  return questions
    .map(([program = '', ...words]) => {
      try {
        return inside(room, program, ...words);
      } catch {
        return '';
      }
    })
    .join('');
}

/** Half a second per try, as long as it takes a kernel in a machine that is emulated. */
export async function eventually(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`it never came to pass that ${what}`);
}
