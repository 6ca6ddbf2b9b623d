/**
 * The container of a `docker-run`: made when it is first needed, found again by its labels, never made twice.
 *
 *   none ──create──► created ──start──► running ──rest──► stopped, paused or none
 *                       ▲                  │ ends by itself
 *                       └──────start───────┘
 *
 * A container that failed to start or ended is started again, not replaced: a failing image leaves one container behind,
 * not one for each try. The labels decide what is ours, because the process may end between "create" and its answer.
 */
import type { ContainerFacts, ImageFacts, Runner } from '../../docker/runner.ts';
import { WormholeError } from '../../lib/errors.ts';
import { pause } from '../../lib/pause.ts';
import type { ContainerRecipe } from '../../spec/recipe/recipe.ts';
import type { Logger } from '../log.ts';
import { labelsOf, type Owner } from './labels.ts';
import { startContainer } from './start-container.ts';
import type { Turns } from './turns.ts';
import type { OnIdle, Started, StartReport, Workload } from './workload.ts';

/** Between two looks at a container that the engine removes by itself (`--rm`): its name is free only after that. */
const REMOVAL_LOOK_MS = 50;

export interface RunWorkloadOptions {
  readonly recipe: ContainerRecipe;
  readonly owner: Owner;
  /** It may have been made in an earlier life of this daemon. */
  readonly inherited: boolean;
  readonly runner: Runner;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly turns: Turns;
  /** Told which container it is, whenever it was started or found running. */
  readonly onContainer: (id: string) => Promise<void>;
}

export class RunWorkload implements Workload {
  readonly label: string;
  readonly #options: RunWorkloadOptions;
  readonly #labels: Readonly<Record<string, string>>;
  #id: string | undefined;
  /** One may exist that we do not know of: of an earlier life, or because an answer never came. */
  #uncertain: boolean;
  /** Nobody knows whether the run of an earlier life became ready. */
  #unproven: boolean;

  constructor(options: RunWorkloadOptions) {
    this.#options = options;
    this.#uncertain = options.inherited;
    this.#unproven = options.inherited;
    this.label = `docker-run ${options.recipe.image}`;
    this.#labels = labelsOf(options.owner, options.recipe);
  }

  get container(): string | undefined {
    return this.#id;
  }

  async running(signal: AbortSignal): Promise<boolean> {
    const found = await this.#find(signal);
    if (found?.state !== 'running') return false;
    await this.#options.onContainer(found.id);
    return true;
  }

  async start(report: StartReport, signal: AbortSignal): Promise<Started> {
    const { turns, onContainer } = this.#options;
    for (;;) {
      const found = await this.#find(signal);
      const id = found?.id ?? (await this.#create(report, signal));
      if (id === undefined) continue;
      const started = await turns.run(id, () => this.#run(id, found !== undefined, report, signal), signal);
      // It was removed while its turn was waited for; then there is to be another one.
      if (started === undefined) continue;
      await onContainer(id);
      const fresh = started.fresh || this.#unproven;
      this.#unproven = false;
      return { ...started, fresh };
    }
  }

  /** Whatever its name is, it is found by its labels. */
  confirm(): Promise<void> {
    return Promise.resolve();
  }

  async rest(container: string, how: OnIdle, signal: AbortSignal): Promise<void> {
    const { runner } = this.#options;
    if (how === 'pause') return await runner.pause(container, signal);
    await runner.stop(container, signal);
    if (how !== 'remove') return;
    await runner.remove(container, signal);
    if (this.#id === container) this.#id = undefined;
  }

  async remove(signal: AbortSignal): Promise<void> {
    const { runner } = this.#options;
    const all = this.#uncertain ? await this.#ours(signal) : [];
    const ids = new Set([...all.map(({ id }) => id), ...(this.#id === undefined ? [] : [this.#id])]);
    for (const id of ids) await runner.remove(id, signal);
    this.#id = undefined;
    this.#uncertain = false;
  }

  /** @param seen before its turn; one that was made just now has no state to be asked for. @returns undefined when it is gone */
  async #run(id: string, seen: boolean, report: StartReport, signal: AbortSignal): Promise<Started | undefined> {
    const { runner } = this.#options;
    const before = seen ? await runner.inspect(id, signal) : undefined;
    if (seen && (before === undefined || isGoing(before))) return undefined;
    return await startContainer(id, before, runner, report, signal);
  }

  /** Its container now, by id or by labels; undefined when there is none. */
  async #find(signal: AbortSignal): Promise<ContainerFacts | undefined> {
    const { runner, log } = this.#options;
    if (this.#id !== undefined) {
      const known = await lasting(this.#id, runner, signal);
      if (known !== undefined) return known;
      this.#id = undefined;
    }
    if (!this.#uncertain) return undefined;
    const [newest, ...older] = [...(await this.#ours(signal))].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    for (const { id } of older) {
      log.warn({ container: id }, 'a second container of the same segment is removed');
      await runner.remove(id, signal);
    }
    this.#uncertain = false;
    if (newest === undefined) return undefined;
    log.info({ container: newest.id, state: newest.state }, 'container found again by its labels');
    this.#id = newest.id;
    return newest;
  }

  #ours(signal: AbortSignal): Promise<readonly ContainerFacts[]> {
    return this.#options.runner.labelled(this.#labels, signal);
  }

  /** @returns undefined when one of ours bears the name: what an earlier wormhole of the same words left behind */
  async #create(report: StartReport, signal: AbortSignal): Promise<string | undefined> {
    const { recipe, runner, log } = this.#options;
    await this.#image(report, signal);
    this.#uncertain = true;
    // Not ended by the caller's signal: the engine would go on, and only its answer says what there is to be removed.
    const unending = new AbortController().signal;
    const id = await runner.create(recipe, this.#labels, unending).catch(async (error: unknown) => {
      const taken = WormholeError.is(error) && error.code === 'WH_ERR_CONTAINER_EXISTS';
      if (!taken || (await this.#find(signal)) === undefined) throw error;
      return undefined;
    });
    if (id === undefined) return undefined;
    this.#uncertain = false;
    report.trace.reach('created');
    log.info({ container: id, image: recipe.image }, 'container created');
    this.#id = id;
    signal.throwIfAborted();
    return id;
  }

  async #image(report: StartReport, signal: AbortSignal): Promise<void> {
    const { recipe, runner, log } = this.#options;
    const here = async (): Promise<ImageFacts | undefined> => await runner.image(recipe.image, signal);
    if (recipe.pull !== 'always' && (await here()) !== undefined) return;
    if (recipe.pull === 'never') {
      throw new WormholeError(
        'WH_ERR_IMAGE_NOT_FOUND',
        `image ${recipe.image} is not on this machine, and --pull never forbids to fetch it; docker pull ${recipe.image}`,
        { detail: { image: recipe.image } },
      );
    }
    log.info({ image: recipe.image }, 'pulling image');
    try {
      await runner.pull(recipe.image, recipe.platform, (progress) => report.pulling(progress), signal);
    } finally {
      report.pulling(undefined);
    }
    report.trace.reach('pulled');
  }
}

const isGoing = ({ state }: ContainerFacts): boolean => state === 'removing' || state === 'dead';

/** Waits until a removal that is under way is over. @returns undefined when nothing is left of it that could be started */
async function lasting(id: string, runner: Runner, signal: AbortSignal): Promise<ContainerFacts | undefined> {
  for (;;) {
    const facts = await runner.inspect(id, signal);
    if (facts?.state !== 'removing') return facts?.state === 'dead' ? undefined : facts;
    await pause(REMOVAL_LOOK_MS, signal);
  }
}
