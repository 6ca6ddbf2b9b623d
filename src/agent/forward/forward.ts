/**
 * Ports forwarded through a far daemon, without one of this machine: link, listeners and routes put together.
 *
 *     -c  client ─► listener here ─► stream ─► guest there ─► target there
 *     -R  target here ◄─ stream ◄─ listener there ◄─ client
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { PeerTarget } from '../../carrier/link/dial.ts';
import type { Incoming } from '../../carrier/link/incoming.ts';
import type { Link } from '../../carrier/link/link.ts';
import type { Own } from '../../carrier/link/links.ts';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { defaultKeyPath, readKeyFile } from '../../lib/key-file.ts';
import { ownVersion } from '../../lib/own-version.ts';
import { Scope } from '../../lib/scope.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { startPortableDataPlane } from '../../proxy/portable/plane.ts';
import { CONTROL_PORT, parseAddress } from '../../spec/address.ts';
import { askForGuest } from './far-guests.ts';
import { FarNotices } from './far-notices.ts';
import { parseMappings } from './mapping.ts';
import type { Forward, ForwardOptions } from './options.ts';
import { LINK_MS, MappingRoute } from './route.ts';
import type { EndedConnection, ForwardEvent, ForwardStatus } from './status.ts';
import { Uplink } from './uplink.ts';

const RESUME_MS = 30_000;
const RETRY_MS = 5_000;
const STATUS_MS = 1_000;

/**
 * Forwards ports; resolves when all of them work.
 *
 * @throws {WormholeError} WH_ERR_USAGE of an option; WH_ERR_KEY_FILE; WH_ERR_LISTEN; WH_ERR_PEER_UNREACHABLE,
 *   WH_ERR_PEER_AUTH; the far daemon's own words about a mapping, e.g. WH_ERR_POLICY; or the reason of `signal`
 */
export async function forward(options: ForwardOptions): Promise<Forward> {
  const { signal = new AbortController().signal, resumeMs = RESUME_MS, retry = false, retryMs = RETRY_MS } = options;
  const mappings = parseMappings(options.connections ?? [], options.reverse ?? [], options.bind);
  const target = targetOf(options);
  const own = whoWeAre(options.as);
  const trail = [`${own.host}/forward`];

  await using start = new Scope('forward', signal);
  let closing = false;
  const tell = (event: ForwardEvent): void => {
    options.onEvent?.(event);
    options.onStatus?.(status());
  };
  const plane = start.use(
    await startPortableDataPlane({
      link: async ({ guest, hops }, from, its) => {
        using late = new Deadline(LINK_MS, its);
        const link = await uplink.ready(late.signal);
        try {
          return await link.openStream({ kind: 'connection', guest, from, hops }, its);
        } catch (error) {
          // People there may have deleted it; this connection is tried again by who asked for it.
          if (isMissing(error)) await again(guest, link);
          throw error;
        }
      },
    }),
  );
  const routes: MappingRoute[] = [];
  for (const [index, mapping] of mappings.entries()) {
    const onClosed = (connection: EndedConnection): void => tell({ kind: 'closed', mapping: mapping.text, connection });
    routes.push(await MappingRoute.open(plane, mapping, `forward-${index}`, onClosed));
  }
  const notices = new FarNotices(
    routes.map(({ guest }) => guest),
    (guest, { state, reason }) => {
      const mapping = routes.find((one) => one.guest === guest)?.mapping.text ?? '';
      tell({ kind: 'told', mapping, state, reason });
    },
  );
  start.defer(() => notices.close());
  const ask = async (route: MappingRoute, link: Link, eager: boolean, its: AbortSignal): Promise<void> => {
    const { guest, mapping } = route;
    const made = await askForGuest(link, { id: guest, mapping, trail, eager }, its);
    if (mapping.direction === 'back') route.listen = made.url.replace(/^tcp:\/\//, '');
  };
  const asking = new Map<string, Promise<void>>();
  /** However many connections find out at once. */
  const again = async (guest: string, link: Link): Promise<void> => {
    const route = routes.find((one) => one.guest === guest);
    if (route === undefined) return;
    const mine = asking.get(guest) ?? ask(route, link, false, new AbortController().signal);
    asking.set(guest, mine);
    await mine.finally(() => asking.delete(guest)).catch(() => undefined);
  };
  const take = (incoming: Incoming): void => {
    const { head } = incoming;
    const route = head.kind === 'connection' ? routes.find(({ guest }) => guest === head.guest) : undefined;
    if (head.kind === 'connection' && route?.mapping.direction === 'back') route.take(incoming, head.from);
    else incoming.refuse(new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', 'this program serves what it asked for'));
  };
  const uplink: Uplink = new Uplink({
    own,
    target,
    resumeMs,
    retry,
    retryMs,
    onStream: take,
    onEvent: tell,
    prepare: async (link, first, its) => {
      for (const route of routes) await ask(route, link, first, its);
      notices.on(link);
    },
  });
  start.defer(() => uplink.close());
  const status = (): ForwardStatus => statusOf(uplink, routes, notices, closing);
  // A port that is taken is told before anybody is asked for anything.
  for (const route of routes) if (route.mapping.direction === 'out') await route.listenHere();
  const given = uplink.run();
  await uplink.ready(start.signal);
  const running = new Scope('forward');
  start.moveTo(running);
  const ticking = setInterval(() => options.onStatus?.(status()), STATUS_MS);
  running.defer(() => clearInterval(ticking));
  options.onStatus?.(status());

  const close = async (drainMs: number): Promise<void> => {
    closing = true;
    await Promise.all(routes.map((route) => route.close(drainMs)));
    await running[Symbol.asyncDispose]();
  };
  const abort = (): void => void close(0).catch(() => undefined);
  signal.addEventListener('abort', abort, { once: true });
  const givenUp = async (): Promise<void> => {
    try {
      await given;
    } finally {
      signal.removeEventListener('abort', abort);
      await close(0);
    }
  };
  const over = givenUp();
  // Whoever does not ask is not told.
  over.catch(() => undefined);
  return { status, over, close: (drainMs = 0) => close(drainMs), [Symbol.asyncDispose]: () => close(0) };
}

function isMissing(error: unknown): boolean {
  return WormholeError.is(error) && error.code === 'WH_ERR_WORMHOLE_NOT_FOUND';
}

function statusOf(
  uplink: Uplink,
  routes: readonly MappingRoute[],
  notices: FarNotices,
  closing: boolean,
): ForwardStatus {
  const { link, reason, lost, resumed } = uplink;
  const connected = link?.session.connected === true;
  return {
    state: closing ? 'closing' : link === undefined ? 'dialing' : connected ? 'up' : 'lost',
    reason,
    peer: link?.hello?.name ?? '',
    address: link?.peer.address ?? '',
    rttMs: link?.rttMs ?? null,
    lost,
    resumed,
    mappings: routes.map((route) => route.status(notices.of(route.guest))),
  };
}

function targetOf({ target, keyFile = defaultKeyPath, as = commonIdentity }: ForwardOptions): PeerTarget {
  const address = readAddress(target);
  const key = readKeyFile(keyFile).bytes();
  // Whoever holds our key is the one we mean.
  return { identity: as, key, proves: as, addresses: [address] };
}

function readAddress(text: string): PeerTarget['addresses'][number] {
  try {
    const address = parseAddress(text);
    if (address.kind === 'name') return { host: address.name, port: CONTROL_PORT };
    if (address.kind === 'tcp') return { host: address.host || '127.0.0.1', port: address.port };
  } catch (cause) {
    if (!WormholeError.is(cause)) throw cause;
    throw new WormholeError('WH_ERR_USAGE', cause.message, { cause, detail: { verb: 'forward' } });
  }
  throw new WormholeError('WH_ERR_USAGE', 'a unix socket leads to this machine; name the far daemon by HOST[:PORT]', {
    detail: { verb: 'forward' },
  });
}

/** Programs have no names that anybody relies on, but `wormhole peers` there shows them. */
function whoWeAre(as: string | undefined): Own {
  const id = (): string => randomBytes(8).toString('hex');
  const machine = hostname()
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 200);
  return {
    role: 'client',
    instance: id(),
    host: id(),
    name: as ?? `${machine === '' ? 'unnamed' : machine}.forward`,
    version: ownVersion(),
  };
}
