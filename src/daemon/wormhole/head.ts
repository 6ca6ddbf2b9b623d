/**
 * The head of a wormhole: keeps a listener open where its place is, on the address that was bound first.
 *
 *   here ──► listening          here, but the address is taken ──► failed, tried again
 *   absent, gone ──► no listener (a listener would pin the dead namespace)
 *
 * The route owns the listening socket; the head decides when there is one, and owns a unix head's file.
 */

import { backOff, pause } from '../../lib/pause.ts';
import type { Route } from '../../proxy/route.ts';
import type { HeadPlan } from '../../spec/plan.ts';
import type { Place } from '../places/place.ts';
import type { Where } from '../places/where.ts';
import type { PermitTarget } from '../policy/permit.ts';
import { away, failed, type Status, UNKNOWN, UP } from '../status.ts';
import type { HeadSocket, Surroundings } from '../surroundings.ts';
import { literalHost } from './literal-host.ts';
import { openWhenAddressIsUp } from './open-head.ts';
import type { Spot } from './self-proxy.ts';

/** A listener that could not be re-opened is tried again: first and last delay. */
const RETRY_MS = [1000, 30_000] as const;

export interface HeadOptions {
  readonly plan: HeadPlan;
  /** Port bound in an earlier life; 0 = none. */
  readonly port: number;
  readonly route: Route;
  readonly surroundings: Surroundings;
  /** Asked before it listens; throws WH_ERR_POLICY. Absent = anywhere. */
  readonly permit?: (target: PermitTarget) => void;
  /** Told where it listens, or tries to; undefined for unix, and while it is away. */
  readonly onSpot: (spot: Spot | undefined) => void;
  /** The status or the bound port changed. */
  readonly onChange: () => void;
}

export class Head implements AsyncDisposable {
  readonly #options: HeadOptions;
  #port: number;
  #spot: Spot | undefined;
  #open: HeadSocket | undefined;
  #status: Status = UNKNOWN;
  #failure: unknown;
  #closed = false;
  #attempt = new AbortController();
  #retrying: Promise<void> = Promise.resolve();

  constructor(options: HeadOptions) {
    this.#options = options;
    this.#port = options.plan.port === 0 ? options.port : options.plan.port;
  }

  get status(): Status {
    return this.#status;
  }

  /** Why it is `failed`; undefined otherwise. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The port that is or will be bound; 0 until an ephemeral one was. */
  get port(): number {
    return this.#port;
  }

  /** Where it listens, or tries to; undefined for unix, and while it is away. */
  get spot(): Spot | undefined {
    return this.#spot;
  }

  /** Follows its place, one move at a time; what does not work becomes the status. */
  async moved(where: Where): Promise<void> {
    await this.#stopRetrying();
    if (this.#closed) return;
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    if (where.state !== 'here') {
      await this.#shut();
      this.#stands(undefined);
      this.#become(away(where));
      return;
    }
    try {
      await this.#listen(where.place, signal);
    } catch (error) {
      this.#become(failed(error), error);
      this.#retrying = this.#retry(where.place, signal);
    }
  }

  /**
   * Gives up at once whatever is under way, and moves no more; the listener stays until disposed.
   *
   * @returns when it uses its place no more
   */
  async abandon(): Promise<void> {
    this.#closed = true;
    this.#attempt.abort();
    await this.#retrying;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abandon();
    await this.#shut();
  }

  async #stopRetrying(): Promise<void> {
    this.#attempt.abort();
    await this.#retrying;
  }

  async #retry(place: Place, signal: AbortSignal): Promise<void> {
    for (const delay of backOff(...RETRY_MS)) {
      try {
        await pause(delay, signal);
        await this.#listen(place, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#become(failed(error), error);
      }
    }
  }

  async #listen(place: Place, signal: AbortSignal): Promise<void> {
    const { plan, route, surroundings } = this.#options;
    const { protocol, path = '', mode, owner } = plan;
    const host = protocol === 'unix' ? '' : await literalHost(plan.host, place, surroundings, signal);
    const file = { path, ...(mode !== undefined && { mode }), ...(owner !== undefined && { owner }) };
    const own = plan.namespace.kind === 'run';
    this.#options.permit?.({ protocol, host, port: this.#port, ...(path !== '' && { path }), place, own });
    // The old file and socket go first: the new ones may have to stand in the same place.
    await this.#shut();
    const address = protocol === 'unix' ? { protocol, ...file } : { protocol, host, port: this.#port };
    if (protocol !== 'unix') this.#stands({ protocol, namespace: place.namespaceId, host, port: this.#port });
    const open = await openWhenAddressIsUp(() => surroundings.listen(address, place), signal);
    this.#open = open;
    await route.listen(open.socket);
    this.#port = open.port;
    if (protocol !== 'unix') this.#stands({ protocol, namespace: place.namespaceId, host, port: open.port });
    this.#become(UP);
  }

  async #shut(): Promise<void> {
    await this.#options.route.unlisten();
    this.#open?.[Symbol.dispose]();
    this.#open = undefined;
  }

  #stands(spot: Spot | undefined): void {
    this.#spot = spot;
    this.#options.onSpot(spot);
  }

  #become(status: Status, failure?: unknown): void {
    this.#status = status;
    this.#failure = failure;
    this.#options.onChange();
  }
}
