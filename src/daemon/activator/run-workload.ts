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
import type { ContainerRecipe } from '../../spec/recipe/recipe.ts';
import type { Logger } from '../log.ts';
import { labelsOf, type Owner } from './labels.ts';
import { lookAt, startContainer } from './start-container.ts';
import type { Turns } from './turns.ts';
import type { OnIdle, Started, StartReport, Workload } from './workload.ts';

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

  constructor(options: RunWorkloadOptions) {
    this.#options = options;
    this.#uncertain = options.inherited;
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
    const { runner, turns, onContainer } = this.#options;
    const found = await this.#find(signal);
    const id = found?.id ?? (await this.#create(report, signal));
    const started = await turns.run(id, async () => {
      // One that was made just now has no state to be asked for.
      const before = found === undefined ? undefined : await lookAt(id, runner, signal);
      return await startContainer(id, before, runner, report, signal);
    });
    await onContainer(id);
    return started;
  }

  async rest(how: OnIdle, signal: AbortSignal): Promise<void> {
    const { runner } = this.#options;
    if (this.#id === undefined) return;
    if (how === 'pause') return await runner.pause(this.#id, signal);
    await runner.stop(this.#id, signal);
    if (how === 'remove') await this.remove(signal);
  }

  async remove(signal: AbortSignal): Promise<void> {
    const { runner } = this.#options;
    const all = this.#uncertain ? await this.#ours(signal) : [];
    const ids = new Set([...all.map(({ id }) => id), ...(this.#id === undefined ? [] : [this.#id])]);
    for (const id of ids) await runner.remove(id, signal);
    this.#id = undefined;
    this.#uncertain = false;
  }

  /** Its container now, by id or by labels; undefined when there is none. */
  async #find(signal: AbortSignal): Promise<ContainerFacts | undefined> {
    const { runner, log } = this.#options;
    if (this.#id !== undefined) {
      const known = await runner.inspect(this.#id, signal);
      if (known !== undefined && known.state !== 'removing' && known.state !== 'dead') return known;
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

  async #create(report: StartReport, signal: AbortSignal): Promise<string> {
    const { recipe, runner, log } = this.#options;
    await this.#image(report, signal);
    this.#uncertain = true;
    const id = await runner.create(recipe, this.#labels, signal);
    this.#uncertain = false;
    report.trace.reach('created');
    log.info({ container: id, image: recipe.image }, 'container created');
    this.#id = id;
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
