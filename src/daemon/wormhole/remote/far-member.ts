/** The member of a tail that is the rest of the spec on a peer. */
import { WormholeError } from '../../../lib/errors.ts';
import type { UpstreamAddress } from '../../../proxy/route.ts';
import { failed, type Status, UNKNOWN } from '../../status.ts';
import type { MemberTargets, PoolMember } from '../pool-member.ts';

/** Where its connections go: a guest at the end of a link. */
export interface FarPlace {
  readonly link: number;
  readonly guest: string;
  /** Peers that a connection has come through, with this one. */
  readonly hops: number;
}

/** The status that comes before the one that was told, because of the link to its peer; undefined = none does. */
export type StatusOfLink = (here: boolean) => Status | undefined;

export class FarMember implements PoolMember {
  readonly index = 0;
  readonly label: string;
  readonly where = undefined;
  #address: UpstreamAddress | undefined;
  #status: Status = UNKNOWN;
  #failure: unknown;
  readonly #confirm: (signal: AbortSignal) => Promise<void>;
  readonly #ofLink: StatusOfLink;

  /**
   * @param confirm sees to it that the place is still right
   * @param ofLink asked while it is here, and while it is awaited
   */
  constructor(label: string, confirm: (signal: AbortSignal) => Promise<void>, ofLink: StatusOfLink = () => undefined) {
    this.label = label;
    this.#confirm = confirm;
    this.#ofLink = ofLink;
  }

  get status(): Status {
    return (this.here ? this.#ofLink(true) : this.#awaited()) ?? this.#status;
  }

  /** As it was told last. */
  get told(): Status {
    return this.#status;
  }

  get failure(): unknown {
    return this.#failure;
  }

  get here(): boolean {
    return this.#address !== undefined;
  }

  arrived(address: UpstreamAddress, status: Status): void {
    this.#address = address;
    this.#status = status;
    this.#failure = undefined;
  }

  /** It is where it was. */
  heard(status: Status): void {
    this.#status = status;
  }

  left(reason: unknown, status: Status = failed(reason)): void {
    this.#address = undefined;
    this.#status = status;
    this.#failure = reason;
  }

  async targets(signal: AbortSignal): Promise<MemberTargets> {
    if (this.#address !== undefined) await this.#confirm(signal);
    const address = this.#address;
    if (address === undefined) {
      const away = this.#awaited();
      if (away !== undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', away.reason, { cause: this.#failure });
      throw this.#failure ?? new WormholeError('WH_ERR_PEER_UNREACHABLE', `${this.label} is not linked`);
    }
    return { targets: [{ member: 0, label: this.label, address }], validForMs: Number.POSITIVE_INFINITY };
  }

  #awaited(): Status | undefined {
    return !this.here && this.#status.state === 'waiting' ? this.#ofLink(false) : undefined;
  }
}
