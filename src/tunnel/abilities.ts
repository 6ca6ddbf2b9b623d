/**
 * What this kernel can do for tunnels, found out by asking it: modules that are needed are loaded by that, and stay.
 *
 * For IPsec a security association between two addresses of the loopback interface is added and deleted again: nothing else tells
 * whether ESP and the algorithm are there. An xfrm interface is made and deleted.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createLink, deleteLink, xfrmLinkData } from '../sys/netlink/link.ts';
import { batchBegin, batchEnd } from '../sys/netlink/nftables.ts';
import { addSa, deleteSa, type SecurityAssociation } from '../sys/netlink/xfrm-state.ts';
import { orAbsent } from './failure.ts';
import { trialRequests } from './guard-table.ts';
import type { Abilities, Ability } from './half.ts';
import type { NetworkStack } from './stack.ts';

/** What each is called where kernels are configured, and how to get it. */
const lacking = {
  ipsec: {
    missing: 'ESP with AES-GCM (CONFIG_INET_ESP, CONFIG_XFRM_USER, CONFIG_CRYPTO_GCM)',
    remedy: 'load the modules esp4, xfrm_user and gcm, or choose --type wireguard',
  },
  ipsec6: {
    missing: 'ESP over IPv6 (CONFIG_INET6_ESP)',
    remedy: 'load the module esp6, use IPv4 between the hosts, or choose --type wireguard',
  },
  ipsecAttached: {
    missing: 'xfrm interfaces (CONFIG_XFRM_INTERFACE)',
    remedy: 'load the module xfrm_interface, or choose --type wireguard',
  },
  wireguardKernel: {
    missing: 'WireGuard (CONFIG_WIREGUARD)',
    remedy: 'load the module wireguard, or install wireguard-go',
  },
  tun: {
    missing: 'the device /dev/net/tun (CONFIG_TUN)',
    remedy: 'load the module tun',
  },
  wireguardGo: {
    missing: 'the program wireguard-go',
    remedy: 'install the package wireguard-go',
  },
  protection: {
    missing: 'nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_IPV4)',
    remedy: 'load the module nf_tables',
  },
} as const;

/** A failure of these is the kernel's way to say that it has no such part; another one is a failure of the question. */
const ABSENT = ['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPROTONOSUPPORT', 'EAFNOSUPPORT', 'ENOENT', 'EINVAL'] as const;

/**
 * @param known from before: what a kernel has stays, and is not tried again
 * @throws {NetlinkError} EPERM without CAP_NET_ADMIN
 */
export async function abilitiesOf(
  stack: NetworkStack,
  known: Partial<Abilities> = {},
  path = process.env['PATH'] ?? '',
): Promise<Abilities> {
  const answer = async (what: Tried, probe: () => Promise<unknown>): Promise<Ability> =>
    known[what]?.works === true ? known[what] : await tryOut(what, probe);
  return {
    ipsec: await answer('ipsec', () => probeEsp(stack, '127.0.0.1', '127.0.0.2')),
    ipsec6: await answer('ipsec6', () => probeEsp(stack, '::1', '::2')),
    ipsecAttached: await answer('ipsecAttached', () => probeInterface(stack)),
    wireguardKernel: await answer('wireguardKernel', () => stack.wireguardFamily()),
    wireguardGo: wireguardGo(path),
    protection: await answer('protection', () => probeFirewall(stack)),
  };
}

type Tried = Exclude<keyof Abilities, 'wireguardGo'>;

async function tryOut(what: Tried, probe: () => Promise<unknown>): Promise<Ability> {
  const there = await orAbsent(
    (async () => {
      await probe();
      return true;
    })(),
    ...ABSENT,
  );
  return there === true ? { works: true } : { works: false, ...lacking[what] };
}

async function probeEsp(stack: NetworkStack, source: string, destination: string): Promise<void> {
  const sa: SecurityAssociation = {
    source,
    destination,
    spi: randomInt(0x100, 0xffff_ffff),
    key: randomBytes(36),
    reqid: 0,
    inside: { source: '127.0.0.1', destination: '127.0.0.2' },
  };
  await stack.xfrm.ask(addSa(sa));
  await stack.xfrm.ask(deleteSa(sa));
}

async function probeInterface(stack: NetworkStack): Promise<void> {
  const name = `whx-${randomBytes(4).toString('hex')}`;
  // Id 1 may be in use by somebody's interface, one of 32 random bits hardly is.
  await stack.route.ask(createLink({ name, kind: 'xfrm', data: xfrmLinkData(randomInt(1, 0xffff_ffff)) }));
  const made = await stack.link(name);
  if (made !== undefined) await stack.route.ask(deleteLink(made));
}

const probeFirewall = (stack: NetworkStack): Promise<void> =>
  stack.netfilter.batch(batchBegin(), trialRequests(), batchEnd());

function wireguardGo(path: string): Ability {
  if (!existsSync('/dev/net/tun')) return { works: false, ...lacking.tun };
  if (findProgram('wireguard-go', path) === undefined) return { works: false, ...lacking.wireguardGo };
  return { works: true };
}

/** The first of this name on the search path; a relative folder there is not looked into. */
export function findProgram(name: string, path: string): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => join(folder, name)).find(executable);
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
