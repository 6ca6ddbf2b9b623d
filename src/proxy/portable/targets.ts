/**
 * Where the connections of one portable route go now: its pool, how long the addresses hold, and the question for
 * new ones, asked once however many connections wait for the answer.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { RouteOptions, Targets, UpstreamTarget } from '../route.ts';
import { Pool } from '../target/pool.ts';

/** Least time between two questions that failed dials cause. */
const REASK_MS = 1000;

/** A clock that never jumps, in milliseconds. */
export function now(): number {
  return performance.now();
}

/** The tail of one route. */
export class CurrentTargets {
  readonly pool: Pool;
  readonly #ask: RouteOptions['ask'];
  #validUntil = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor({ balance, ask }: RouteOptions) {
    this.pool = new Pool({ balance, random: Math.random, now });
    this.#ask = ask;
  }

  /** @throws {WormholeError} WH_ERR_UNSUPPORTED for targets in a namespace or in another root */
  replace({ targets, validForMs }: Targets): void {
    for (const target of targets) refuseForeign(target);
    this.pool.replace(targets);
    this.#validUntil = now() + validForMs;
  }

  /** True when a connection has to wait for {@link refresh} before it picks. */
  get stale(): boolean {
    return this.#ask !== undefined && (this.pool.empty || now() >= this.#validUntil);
  }

  /** Asks for the targets, or joins those who wait for the answer; without anybody to ask it resolves at once. */
  refresh(): Promise<void> {
    const ask = this.#ask;
    if (ask === undefined) return Promise.resolve();
    if (this.#asking !== undefined) return this.#asking;
    this.#askedAt = now();
    this.#asking = Promise.resolve()
      .then(ask)
      .then((targets) => this.replace(targets))
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  /** Every target failed, so what is known of them may be old: asks without anybody waiting for the answer. */
  doubt(): void {
    if (now() - this.#askedAt < REASK_MS) return;
    // a refusal is for those who wait; the dials go on with what there is
    this.refresh().catch(() => undefined);
  }
}

function refuseForeign({ label, address, namespace }: UpstreamTarget): void {
  const root = address.kind === 'unix' ? address.root : undefined;
  if (namespace === undefined && root === undefined) return;
  throw new WormholeError(
    'WH_ERR_UNSUPPORTED',
    `${label} lives in a namespace, which this relay cannot enter: run wormholed as root on Linux`,
    { detail: { target: label } },
  );
}
