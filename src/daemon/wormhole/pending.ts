/**
 * A wormhole that is being made, because its containers take their time: listed, and given up when it is deleted.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Pull, Wormhole as Shape } from '../../spec/api.ts';
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Status } from '../status.ts';
import type { Entry } from './entry.ts';
import { headLabel, headUrl, targetLabel } from './labels.ts';
import type { Underway } from './underway.ts';
import { Unmade } from './unmade.ts';

const BEGUN: Status = { state: 'starting', reason: '' };

export class PendingWormhole extends Unmade implements Entry {
  /** For people: secrets redacted. */
  readonly plan: Plan;
  readonly #spec: string;
  readonly #given = new AbortController();
  /** Resolves when it is made, or undone. */
  readonly #made: Promise<void>;
  #over: () => void = () => undefined;
  /** Of its segments, in order. */
  readonly #parts: Underway[] = [];

  constructor(record: WormholeRecord, shown: { readonly spec: string; readonly plan: Plan }) {
    super(record);
    this.#spec = shown.spec;
    this.plan = shown.plan;
    this.#made = new Promise((resolve) => {
      this.#over = resolve;
    });
  }

  /** Aborts when it is deleted before it was made. */
  get givenUp(): AbortSignal {
    return this.#given.signal;
  }

  get status(): Status {
    const said = this.#parts.flatMap(({ status }) => (status === undefined ? [] : [status]));
    return said.find(({ reason }) => reason !== '') ?? said[0] ?? BEGUN;
  }

  get pull(): Pull | undefined {
    return this.#parts.map(({ pull }) => pull).find((pull) => pull !== undefined);
  }

  /** What there is to tell while it is made. */
  tells(part: Underway): void {
    this.#parts.push(part);
  }

  /** It is made, or nothing is left of it. */
  over(): void {
    this.#over();
  }

  describe(): Shape {
    const { id, createdAt, owner } = this.record();
    const { head, tail } = this.plan.segment;
    return {
      id,
      url: headUrl(head, head.port),
      spec: this.#spec,
      labels: { ...this.plan.labels },
      state: 'starting',
      reason: this.status.reason,
      head: headLabel(head),
      targets: tail.targets.map(targetLabel),
      createdAt,
      ...(owner !== undefined && { owner }),
      stats: this.stats(),
    };
  }

  /** Resolves when what was made so far is undone. */
  async stop(): Promise<void> {
    this.#given.abort(new WormholeError('WH_ERR_ABORTED', `wormhole ${this.id} was deleted before it was made`));
    await this.#made;
  }
}
