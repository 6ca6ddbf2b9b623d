/**
 * The segment that hangs on another by `child` or `chain`: made at once, or when it is first needed; closed after its
 * parent, whose last connections may need it.
 *
 * Where it listens is where its parent's tail is, so that it moves with it; a head that names a place of its own follows
 * that by itself.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Segment as Shape } from '../../spec/api.ts';
import type { HeadPlan, LinkPlan, TargetPlan } from '../../spec/plan.ts';
import type { Hanging } from './hanging.ts';
import type { Segment } from './segment.ts';

export class Child implements Hanging {
  readonly #open: (signal: AbortSignal, eager: boolean) => Promise<Segment>;
  readonly #hanging: boolean;
  #segment: Segment | undefined;
  #opening: Promise<Segment> | undefined;

  /** @param hanging its head is where the parent's tail is */
  constructor(hanging: boolean, open: (signal: AbortSignal, eager: boolean) => Promise<Segment>) {
    this.#hanging = hanging;
    this.#open = open;
  }

  /** Undefined until it was made. */
  get segment(): Segment | undefined {
    return this.#segment;
  }

  /** What its segments pull they tell. */
  get pull(): undefined {
    return undefined;
  }

  async ensure(signal: AbortSignal, eager: boolean): Promise<Segment> {
    if (this.#segment !== undefined) return this.#segment;
    this.#opening ??= this.#open(signal, eager);
    try {
      this.#segment = await this.#opening;
      return this.#segment;
    } finally {
      this.#opening = undefined;
    }
  }

  /** The parent's tail follows no longer: a head that hangs on it listens on where it is. */
  async settle(): Promise<void> {
    if (this.#hanging) await this.#segment?.parts.head.abandon();
  }

  async describe(signal: AbortSignal): Promise<Shape[]> {
    return (await this.#segment?.describeAll(signal)) ?? [];
  }

  async remove(signal: AbortSignal): Promise<void> {
    await this.#segment?.removeContainers(signal);
  }

  /** Ends it and its connections; what drains longer is ended by {@link Segment.end} before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#segment?.end(0);
  }
}

/** Whether the head of `link` is where `target` is, rather than in a place that it names itself. */
export function hangsOn(target: TargetPlan | undefined, { segment }: LinkPlan): boolean {
  if (target === undefined) return false;
  const { namespace }: HeadPlan = segment.head;
  if (namespace.kind === 'run') return namespace.of === 'parent';
  return isDeepStrictEqual(namespace, target.namespace);
}
