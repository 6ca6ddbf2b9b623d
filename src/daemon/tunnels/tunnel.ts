/**
 * One tunnel as this host has it: what was agreed, what is installed of it, and how it is doing.
 *
 *   complete ──ended, or not there after a reboot──► stale ──new keys, with the peer──► complete
 *      parts of it missing ──► partial ──gc, or created again
 *
 * Owns the installed half, and what that needs.
 */
import type { Scope } from '../../lib/scope.ts';
import type { Tunnel as Shape, TunnelHalf } from '../../spec/api.ts';
import type { InstalledHalf } from '../../tunnel/half.ts';
import type { Attachment } from './attachment.ts';
import type { TunnelRecord } from './record.ts';

/** Why a tunnel does not work; `lost`: it can be made again with the peer; `there`: this half does, the other one does not. */
export interface Trouble {
  readonly state: 'partial' | 'stale';
  readonly reason: string;
  readonly lost: boolean;
  readonly there?: true;
}

/** A half in place. */
export interface Standing {
  readonly installed: InstalledHalf;
  /** What it needs as long as it stands: port, interface, the namespace that it is in. */
  readonly scope: Scope;
}

export class Tunnel {
  record: TunnelRecord;
  /** The container that this end is in; goes with the tunnel. */
  attachment: Attachment | undefined;
  /** The one in whose place it is made; until it is complete. */
  replaces: Tunnel | undefined;
  #standing: Standing | undefined;
  #trouble: Trouble | undefined;
  #onLost: (() => void) | undefined;

  constructor(record: TunnelRecord) {
    this.record = record;
  }

  get id(): string {
    return this.record.id;
  }

  get installed(): InstalledHalf | undefined {
    return this.#standing?.installed;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Both ends have it, as far as is known here. */
  get complete(): boolean {
    return this.#standing !== undefined && this.#trouble === undefined && this.record.phase === 'complete';
  }

  /** Of this half alone: what is wrong with the other one its own end knows. */
  get half(): TunnelHalf {
    const here = this.#trouble?.there === true ? undefined : this.#trouble?.state;
    return { id: this.id, state: here ?? (this.installed === undefined ? 'stale' : 'complete') };
  }

  /** Takes over what was installed. @param onLost it has ended by itself */
  stands(standing: Standing, onLost: () => void): void {
    this.#standing = standing;
    this.#trouble = undefined;
    this.#onLost = onLost;
    const { ended } = standing.installed;
    const over = (): void => {
      if (this.#standing !== standing) return;
      const reason = ended.reason instanceof Error ? ended.reason.message : String(ended.reason);
      this.#trouble = { state: 'stale', reason, lost: true };
      this.#onLost?.();
    };
    if (ended.aborted) over();
    else ended.addEventListener('abort', over, { once: true });
  }

  troubled(trouble: Trouble): void {
    this.#trouble = trouble;
  }

  untroubled(): void {
    if (this.installed?.ended.aborted === false) this.#trouble = undefined;
  }

  /** Takes the half away, if there is one. @throws what would not go */
  async takeDown(): Promise<void> {
    const standing = this.#standing;
    this.#standing = undefined;
    try {
      await standing?.installed.remove();
    } finally {
      await standing?.scope[Symbol.asyncDispose]();
    }
  }

  /** The daemon ends, the tunnel stays. */
  async release(): Promise<void> {
    const standing = this.#standing;
    this.#standing = undefined;
    standing?.installed.release();
    await standing?.scope[Symbol.asyncDispose]();
  }

  /** As people see it. */
  async describe(): Promise<Shape> {
    const { id, peer, kind, attach = '', peerAttach = '', createdAt, shape } = this.record;
    const { installed } = this;
    const missing = (await installed?.missing().catch(() => [])) ?? [];
    const stats = await installed?.stats().catch(() => undefined);
    const reason = missing.length === 0 ? '' : `somebody took away: ${missing.join(', ')}`;
    const found = this.#trouble ?? (reason === '' ? undefined : { state: 'partial' as const, reason });
    const wireguard = shape.kind === 'wireguard';
    const outer = wireguard ? { local: '', remote: shape.peer.endpoint?.address ?? '' } : shape.outer;
    const freshAt = wireguard ? stats?.lastHandshake?.toISOString() : this.record.freshAt;
    return {
      id,
      peer,
      type: shape.kind,
      engine: wireguard && shape.engine === 'go' ? 'wireguard-go' : 'kernel',
      udp: kind !== 'ipsec',
      local: shape.overlay.local,
      remote: shape.overlay.remote,
      outerLocal: outer.local,
      outerRemote: outer.remote,
      attach,
      peerAttach,
      state: found?.state ?? (installed === undefined ? 'stale' : 'complete'),
      reason: found?.reason ?? '',
      createdAt,
      freshAt: freshAt ?? null,
      bytesIn: stats?.bytesIn ?? 0,
      bytesOut: stats?.bytesOut ?? 0,
      dropped: stats?.dropped ?? null,
    };
  }
}
