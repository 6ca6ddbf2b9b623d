/**
 * One UDP flow: a client address, and the connected socket that speaks to a target on its behalf.
 *
 * Owns that socket. It may be replaced while the flow lives (its target moved or refused), so a flow outlives a restart
 * of the service behind it. Linked in its route's list, most recently used first.
 */
import { decodeIp, formatIp } from '../../sys/sockaddr.ts';
import type { ConnectionRecord } from '../route.ts';
import type { DialTarget } from '../target/dialer.ts';
import type { Pollable } from '../thread/loop.ts';
import type { FlowKey } from './flow-key.ts';

/** Datagrams that one client may have waiting while its target is being found. */
const HELD_MAX = 64;

/** What a flow needs from its route. */
export interface FlowOwner {
  answers(flow: Flow): void;
}

/** See the module header. */
export class Flow implements Pollable {
  readonly key: FlowKey;
  /** The client's sockaddr. */
  readonly client: Buffer;
  /** Ancillary data for answers. */
  readonly local: Buffer;
  readonly startedAt: number;
  activeAt: number;
  /** -1 while there is no socket. */
  fd = -1;
  target: DialTarget | undefined;
  bytesIn = 0;
  bytesOut = 0;
  /** Datagrams that wait for targets; copies. */
  held: Buffer[] = [];
  newer: Flow | undefined;
  older: Flow | undefined;
  readonly #owner: FlowOwner;

  constructor(owner: FlowOwner, key: FlowKey, client: Buffer, local: Buffer, now: number) {
    this.#owner = owner;
    this.key = key;
    this.client = client;
    this.local = local;
    this.startedAt = now;
    this.activeAt = now;
  }

  /** @returns false when the client has its share waiting already */
  hold(datagram: Buffer): boolean {
    if (this.held.length >= HELD_MAX) return false;
    this.held.push(Buffer.from(datagram));
    return true;
  }

  /** @param upstream label of the target it had last, '' for none */
  record(reason: ConnectionRecord['reason'], upstream: string, now: number): ConnectionRecord {
    const endpoint = decodeIp(this.client);
    return {
      client: endpoint === undefined ? '' : formatIp(endpoint),
      upstream,
      reason,
      detail: '',
      durationMs: now - this.startedAt,
      dialMs: upstream === '' ? -1 : 0,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }

  onEvents(): void {
    this.#owner.answers(this);
  }
}
