/** The rest of a spec, {@link RemoteRest}, on a peer of memory: linked as a test says, and telling what it says. */
import type { LinkFacts } from '../../src/carrier/link/facts.ts';
import type { OnNotice } from '../../src/daemon/peers/notices.ts';
import { Outage } from '../../src/daemon/peers/outage.ts';
import type { OnLink, Peer } from '../../src/daemon/peers/peer.ts';
import { type FarWay, linkWay } from '../../src/daemon/wormhole/remote/far-way.ts';
import { RemoteRest, type RemoteRestOptions } from '../../src/daemon/wormhole/remote/remote-rest.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import type { Guest } from '../../src/spec/api.ts';

const never = new AbortController().signal;
export const unreachable = new WormholeError('WH_ERR_PEER_UNREACHABLE', 'nobody there');

export class RemoteWorld {
  readonly puts: boolean[] = [];
  readonly removed: string[] = [];
  readonly guests = new Set<string>();
  link: LinkFacts | undefined;
  /** Of that link's connection. */
  readonly outage = new Outage();
  /** Why there is no link. */
  reason = '';
  wishes = 0;
  /** What is heard of on which link. */
  readonly following: string[] = [];
  tell: OnNotice = () => undefined;
  /** Number of times that its status alone has changed. */
  told = 0;
  state: Guest['state'] = 'up';
  /** Where the guest says that it listens. */
  url = '';
  put: () => Promise<void> = () => Promise.resolve();
  #followers = new Set<OnLink>();
  #readers = new Set<() => void>();
  readonly rest: RemoteRest;

  constructor(allow?: (host: string) => void, way: FarWay = linkWay(1)) {
    const link = (): LinkFacts | undefined => this.link;
    const reason = (): string => this.reason;
    const peer = {
      name: 'db',
      get reason() {
        return reason();
      },
      guests: this.guests,
      outage: this.outage,
      get link() {
        return link();
      },
      get state() {
        return link() === undefined ? 'dialing' : 'up';
      },
      want: () => {
        this.wishes += 1;
        return { [Symbol.dispose]: () => void (this.wishes -= 1) };
      },
      follow: (onLink: OnLink) => {
        this.#followers.add(onLink);
        onLink(this.link);
        return { [Symbol.dispose]: () => void this.#followers.delete(onLink) };
      },
      followReason: (onChange: () => void) => {
        this.#readers.add(onChange);
        return { [Symbol.dispose]: () => void this.#readers.delete(onChange) };
      },
      up: () => (this.link === undefined ? Promise.reject(unreachable) : Promise.resolve(this.link)),
    } as unknown as Peer;
    const calls = {
      put: async (_id: string, { eager }: { eager: boolean }) => {
        this.puts.push(eager);
        await this.put();
        const reason = this.state === 'up' ? '' : 'why';
        return { state: this.state, reason, url: this.url } as Guest;
      },
      remove: (id: string) => Promise.resolve(void this.removed.push(id)),
    } as unknown as RemoteRestOptions['calls'];
    const quiet = () => undefined;
    this.rest = new RemoteRest({
      peer,
      calls,
      guest: 'x.0',
      request: { words: ['tail', 'url', ':80'], protocol: 'tcp', trail: ['me/x'] },
      way,
      ...(allow !== undefined && { allow }),
      log: { warn: quiet, debug: quiet, info: quiet } as unknown as RemoteRestOptions['log'],
      follow: (link, guest, onNotice) => {
        this.following.push(`${guest} on ${link}`);
        this.tell = onNotice;
        return { [Symbol.dispose]: () => void this.following.splice(this.following.indexOf(`${guest} on ${link}`), 1) };
      },
      rttMs: () => Promise.resolve(1),
      onStatus: () => void (this.told += 1),
      onChange: () => Promise.resolve(),
    });
  }

  /** There is that link, or none. */
  linked(number?: number, instance = '1'): void {
    this.link =
      number === undefined
        ? undefined
        : ({ number, instance, rttMs: 1, address: `10.0.0.${number}:9999` } as LinkFacts);
    for (const follower of this.#followers) follower(this.link);
  }

  /** The last dial has failed for that. */
  failed(reason: string): void {
    this.reason = reason;
    for (const reader of this.#readers) reader();
  }

  async place(): Promise<unknown> {
    const { targets } = await this.rest.member.targets(never);
    return targets.map(({ address }) => (address as { link?: number }).link)[0];
  }
}
