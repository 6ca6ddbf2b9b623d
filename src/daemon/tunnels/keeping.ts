/**
 * Keeps tunnels: what was lost at one end is made again, with new keys and the same addresses, as soon as the two are linked.
 *
 *   lost here (reboot, container gone, engine died) ──► linked ──► made again; not possible: a pause, growing
 *   linked again ──► is the other half there? ──no──► stale, until people decide
 *                                              └─lost there, and made from here──► made again
 */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { backOff, pause } from '../../lib/pause.ts';
import type { Logger } from '../log.ts';
import { isSame } from '../peers/owner.ts';
import type { HalfCalls } from './half-calls.ts';
import type { Trouble, Tunnel } from './tunnel.ts';
import type { Tunnels } from './tunnels.ts';

/** Milliseconds between attempts: first and last. */
const RETRY_MS = [500, 60_000] as const;

export interface KeepingOptions {
  readonly tunnels: () => Tunnels;
  /** @throws {WormholeError} why it cannot be made again now */
  readonly remake: (tunnel: Tunnel, signal: AbortSignal) => Promise<void>;
  readonly callsOn: (link: LinkFacts) => HalfCalls;
  readonly log: Logger;
}

export class Keeping implements Disposable {
  readonly #options: KeepingOptions;
  readonly #stop = new AbortController();
  readonly #busy = new Map<Tunnel, AbortController>();

  constructor(options: KeepingOptions) {
    this.#options = options;
  }

  /** Makes it again, however long it takes; again hurries. */
  lost(tunnel: Tunnel): void {
    const busy = this.#busy.get(tunnel);
    if (busy !== undefined) return busy.abort();
    if (this.#stop.signal.aborted) return;
    this.#busy.set(tunnel, new AbortController());
    void this.#again(tunnel).finally(() => this.#busy.delete(tunnel));
  }

  /** A daemon is linked, perhaps once more. */
  linked(link: LinkFacts): void {
    for (const tunnel of this.#options.tunnels().list) {
      if (!isSame(tunnel.record, link)) continue;
      if (tunnel.trouble?.lost === true) this.lost(tunnel);
      else if (tunnel.installed !== undefined) {
        void this.#check(tunnel, link).catch((err: unknown) => {
          this.#options.log.debug({ err, tunnel: tunnel.id }, 'a peer could not be asked about its half of a tunnel');
        });
      }
    }
  }

  /** The container that its end is in has moved, started or ended. */
  async moved(tunnel: Tunnel): Promise<void> {
    const { attachment } = tunnel;
    if (attachment === undefined || this.#stop.signal.aborted) return;
    const trouble = (): Trouble => {
      const reason = attachment.problem?.message ?? `container ${attachment.container} has started anew`;
      return { state: 'stale', reason, lost: attachment.problem === undefined };
    };
    tunnel.troubled(trouble());
    await tunnel.takeDown().catch((err: unknown) => {
      this.#options.log.debug({ err, tunnel: tunnel.id }, 'the end of a tunnel was gone before it could be taken away');
    });
    tunnel.troubled(trouble());
    if (attachment.problem === undefined) this.lost(tunnel);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const busy of this.#busy.values()) busy.abort();
  }

  async #again(tunnel: Tunnel): Promise<void> {
    const { tunnels, remake, log } = this.#options;
    const { signal } = this.#stop;
    const needed = (): boolean =>
      !signal.aborted && tunnels().find(tunnel.id) === tunnel && tunnel.trouble?.lost === true;
    for (const delay of backOff(...RETRY_MS)) {
      if (!needed()) return;
      try {
        return await remake(tunnel, signal);
      } catch (err) {
        if (signal.aborted) return;
        log.debug({ err, tunnel: tunnel.id, peer: tunnel.record.peer }, 'a tunnel cannot be made again yet');
      }
      const hurry = new AbortController();
      this.#busy.set(tunnel, hurry);
      if (needed()) await pause(delay, hurry.signal).catch(() => undefined);
    }
  }

  /** Is the other half there? */
  async #check(tunnel: Tunnel, link: LinkFacts): Promise<void> {
    const { state } = await this.#options.callsOn(link).get(tunnel.id, this.#stop.signal);
    if (this.#options.tunnels().find(tunnel.id) !== tunnel || tunnel.installed === undefined) return;
    if (state === 'complete') return tunnel.untroubled();
    if (state === 'none') {
      const reason = 'the peer does not have its half any more; tunnel-create makes it again, tunnel-gc removes it';
      return tunnel.troubled({ state: 'stale', reason, lost: false, there: true });
    }
    const reason = `the peer's half is ${state}`;
    // Whoever asked for it does so again; the other end does, too, if it can.
    tunnel.troubled({ state: 'stale', reason, lost: tunnel.record.driver, there: true });
    if (tunnel.record.driver) this.lost(tunnel);
  }
}
