/**
 * What the kernel tells of one network namespace that tunnels have parts in. Owns the sockets that it is told on; as long as they are
 * open the namespace stays, so whoever has no tunnel there any more closes this.
 */
import { Group, type Heard, NetlinkEvents } from '../../sys/netlink/netlink-events.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE, NETLINK_XFRM } from '../../sys/netlink/netlink-socket.ts';
import type { Message } from '../../sys/netlink/wire.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { firewallMatters, routingMatters } from './loss.ts';

export interface ListeningOptions {
  /** Absent = the calling thread's. Used at once, and not any more. */
  readonly namespace: NetNamespace | undefined;
  /** Told where packets of IPsec came from; absent = no such thing is there. */
  readonly onMapped?: (messages: readonly Message[]) => void;
}

export class Listening<Tunnel> implements Disposable {
  /** Those that have parts there. */
  readonly tunnels = new Set<Tunnel>();
  readonly #sources: Array<{ readonly events: NetlinkEvents; readonly hear: (heard: Heard) => boolean }> = [];

  constructor({ namespace, onMapped }: ListeningOptions) {
    const listen = (protocol: number, groups: readonly number[], hear: (heard: Heard) => boolean): void => {
      try {
        this.#sources.push({ events: new NetlinkEvents(protocol, groups, namespace), hear });
      } catch {
        // A kernel without that part has no such changes.
      }
    };
    listen(NETLINK_ROUTE, [Group.link, Group.address, Group.route], (heard) => isLoss(heard, routingMatters));
    listen(NETLINK_NETFILTER, [Group.firewall], (heard) => isLoss(heard, firewallMatters));
    if (onMapped === undefined) return;
    listen(NETLINK_XFRM, [Group.mapping], ({ messages }) => {
      onMapped(messages);
      return false;
    });
  }

  /** Whether anything happened since the last look that may have taken a part. @param scratch for what is received */
  look(scratch: Buffer): boolean {
    let due = false;
    for (const { events, hear } of this.#sources) {
      try {
        due = hear(events.look(scratch)) || due;
      } catch {
        // A message that cannot be read may have told anything.
        due = true;
      }
    }
    return due;
  }

  [Symbol.dispose](): void {
    for (const { events } of this.#sources.splice(0)) events[Symbol.dispose]();
  }
}

const isLoss = ({ messages, lost }: Heard, matters: (message: Message) => boolean): boolean =>
  lost || messages.some(matters);
