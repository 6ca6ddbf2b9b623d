/** The member of a tail that is the rest of the spec on a peer. */
import { WormholeError } from '../../../lib/errors.ts';
import type { MemberTargets, PoolMember } from '../pool-member.ts';
import { failed, type Status, UNKNOWN } from '../status.ts';

/** Where its connections go: a guest at the end of a link. */
export interface FarPlace {
  readonly link: number;
  readonly guest: string;
  /** Peers that a connection has come through, with this one. */
  readonly hops: number;
}

export class FarMember implements PoolMember {
  readonly index = 0;
  readonly label: string;
  readonly where = undefined;
  #place: FarPlace | undefined;
  #status: Status = UNKNOWN;
  #failure: unknown;
  readonly #confirm: (signal: AbortSignal) => Promise<void>;

  /** @param confirm sees to it that the place is still right */
  constructor(label: string, confirm: (signal: AbortSignal) => Promise<void>) {
    this.label = label;
    this.#confirm = confirm;
  }

  get status(): Status {
    return this.#status;
  }

  get failure(): unknown {
    return this.#failure;
  }

  get here(): boolean {
    return this.#place !== undefined;
  }

  arrived(place: FarPlace, status: Status): void {
    this.#place = place;
    this.#status = status;
    this.#failure = undefined;
  }

  /** It is where it was. */
  heard(status: Status): void {
    this.#status = status;
  }

  left(reason: unknown, status: Status = failed(reason)): void {
    this.#place = undefined;
    this.#status = status;
    this.#failure = reason;
  }

  async targets(signal: AbortSignal): Promise<MemberTargets> {
    if (this.#place !== undefined) await this.#confirm(signal);
    const place = this.#place;
    if (place === undefined) {
      throw this.#failure ?? new WormholeError('WH_ERR_PEER_UNREACHABLE', `${this.label} is not linked`);
    }
    const address = { kind: 'link', ...place } as const;
    return { targets: [{ member: 0, label: this.label, address }], validForMs: Number.POSITIVE_INFINITY };
  }
}
