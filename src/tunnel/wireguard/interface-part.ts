/**
 * The interface of a WireGuard tunnel, which several tunnels may share: the first makes it, the last takes it away.
 */
import { WormholeError } from '../../lib/errors.ts';
import { changeLink, deleteLink, type Link, moveLink } from '../../sys/netlink/link.ts';
import { unless } from '../failure.ts';
import type { Ground } from '../ground.ts';
import type { WireguardHalf, WireguardShape } from '../half.ts';
import type { Part } from '../part.ts';
import type { WireguardEngine } from './engine.ts';
import { publicKeyOf } from './key.ts';

/** Written on interfaces of ours. */
export const INTERFACE_ALIAS = 'wormhole tunnel';
/** Room for WireGuard's and IPv6's headers in Ethernet's 1500. */
const MTU = 1_420;

export function interfacePart(half: WireguardHalf | WireguardShape, ground: Ground, engine: WireguardEngine): Part {
  const { name } = half;
  const { host, inner } = ground;
  return {
    what: `interface ${name}`,
    async add() {
      if (!('privateKey' in half)) throw new WormholeError('WH_ERR_INTERNAL', 'an interface without a key');
      const there = await inner.stack.link(name);
      if (there !== undefined) return checkShared(half, there, ground, engine);
      await engine.create(host.stack, name, half);
      try {
        await setUp(half, ground);
        await engine.listening(inner.stack, name, half.listenPort);
      } catch (error) {
        await takeAway(name, ground, engine);
        throw error;
      }
    },
    async present() {
      const link = await inner.stack.linkAgain(name);
      return (
        link?.up === true && link.alias === INTERFACE_ALIAS && (await engine.lookAgain(inner.stack, name)) !== undefined
      );
    },
    async remove() {
      const link = await inner.stack.link(name);
      if (link !== undefined && !isOurs(link, engine)) return;
      const others = (await engine.look(inner.stack, name))?.peers.length ?? 0;
      if (others === 0) await takeAway(name, ground, engine);
    },
  };
}

/** Also as a daemon has left it that was killed before it could put the mark on. */
function isOurs({ alias, kind }: Link, { linkKind }: WireguardEngine): boolean {
  return alias === INTERFACE_ALIAS || (alias === '' && kind === linkKind);
}

/** @throws {WormholeError} WH_ERR_TUNNEL_CONFLICT unless it is one of ours with the same key and port */
async function checkShared(
  { name, privateKey, listenPort }: WireguardHalf,
  link: Link,
  { inner }: Ground,
  engine: WireguardEngine,
): Promise<void> {
  const conflict = (what: string): WormholeError =>
    new WormholeError('WH_ERR_TUNNEL_CONFLICT', `interface ${name} is there already and ${what}`);
  if (link.alias !== INTERFACE_ALIAS) throw conflict('is not ours');
  const device = await engine.look(inner.stack, name);
  if (device?.publicKey?.equals(publicKeyOf(privateKey)) !== true) throw conflict('has another key');
  if (device.listenPort !== listenPort) throw conflict(`has port ${device.listenPort}`);
}

async function setUp({ name, mtu = MTU }: WireguardHalf, { host, inner, attached }: Ground): Promise<void> {
  const made = must(await host.stack.link(name), name);
  await host.stack.route.ask(changeLink(made, { mtu, alias: INTERFACE_ALIAS }));
  if (attached !== undefined) await host.stack.route.ask(moveLink(made, attached.fd));
  // The index may be another there.
  const moved = must(await inner.stack.link(name), name);
  await inner.stack.route.ask(changeLink(moved, { up: true }));
}

/** Wherever it is: a move may have failed half way. */
async function takeAway(name: string, { host, inner }: Ground, engine: WireguardEngine): Promise<void> {
  for (const { stack } of new Set([inner, host])) {
    const link = await stack.link(name);
    if (link !== undefined) await unless(stack.route.ask(deleteLink(link)), 'ENODEV');
  }
  await engine.gone(name);
}

function must(link: Link | undefined, name: string): Link {
  if (link === undefined) throw new WormholeError('WH_ERR_TUNNEL', `interface ${name} is gone`);
  return link;
}
