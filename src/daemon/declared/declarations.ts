/**
 * Wormholes that containers declare by labels, kept in step with the containers: made when one starts, gone when it is
 * removed, never remembered.
 *
 *   event or resync ─► containers to look at ─► their labels, less those of their images ─► create │ remove
 *
 * An image is untrusted and its labels are the container's, too: only what differs from the image's own was said by who
 * made the container, and whoever may make containers is root already. What cannot be read or done is told once.
 */
import type { Container, ContainerChange, Engine } from '../../docker/engine.ts';
import type { Runner } from '../../docker/runner.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Logger } from '../log.ts';
import { Declared } from './declared.ts';
import { declaringKeys, readLabel } from './label.ts';
import type { Wormholes } from './wormholes.ts';

/** Wormholes by labels of one container, and of all. */
const PER_CONTAINER = 16;
const IN_ALL = 256;
/** Milliseconds between two looks at all containers, which inspect each that runs; events tell what happens between. */
const LOOK_ALL_MS = 30_000;

export interface DeclarationsOptions {
  readonly engine: Pick<Engine, 'list' | 'watch'>;
  readonly runner: Pick<Runner, 'inspect' | 'image'>;
  readonly wormholes: Wormholes;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Addresses that may be listened on, at least one; see {@link readLabel}. */
  readonly allowed: readonly string[];
}

export class Declarations implements AsyncDisposable {
  readonly #options: DeclarationsOptions;
  readonly #stop = new AbortController();
  /** By container id, then by key of the label. */
  readonly #known = new Map<string, Map<string, Declared>>();
  /** Ids to look at; '' = all. */
  readonly #dirty = new Set<string>();
  readonly #watch: Disposable;
  #working: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DeclarationsOptions) {
    this.#options = options;
    // Watching begins first: what happens during the first look must not be missed.
    this.#watch = options.engine.watch((change) => this.#changed(change));
    this.#look('');
  }

  /** Resolves when everything that was heard of so far was looked at. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** The wormholes stay: whoever has them ends them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#stop.abort(new DOMException('labels are no longer followed', 'AbortError'));
    await this.settled();
  }

  #changed({ id, action }: ContainerChange): void {
    if (id === '') {
      const recent = performance.now() - this.#lookedAt < LOOK_ALL_MS;
      if (action !== 'resync' || !recent) this.#look('');
      else for (const [container, declared] of this.#known) if (hasFailed(declared)) this.#look(container);
    } else if (action === 'start' || action === 'destroy') this.#look(id);
  }

  #look(id: string): void {
    if (this.#stop.signal.aborted) return;
    this.#dirty.add(id);
    this.#working ??= this.#work();
  }

  /** One container after another, so that "gone" and "there again" of one name cannot overtake each other. */
  async #work(): Promise<void> {
    // Not in the same turn, or who asked would overwrite what is undone at the end.
    await Promise.resolve();
    const { signal } = this.#stop;
    for (const id of this.#dirty) {
      this.#dirty.delete(id);
      if (signal.aborted) continue;
      try {
        if (id === '') await this.#lookAtAll(signal);
        else await this.#lookAt(id, signal);
      } catch (err) {
        // The engine's trouble is told by the engine, and ends with another look.
        const silent = signal.aborted || (WormholeError.is(err) && err.code === 'WH_ERR_DOCKER_UNAVAILABLE');
        if (!silent) this.#options.log.error({ err, container: id }, 'labels of containers cannot be looked at');
      }
    }
    this.#working = undefined;
  }

  async #lookAtAll(signal: AbortSignal): Promise<void> {
    const containers = await this.#options.engine.list(signal);
    this.#lookedAt = performance.now();
    const there = new Set(containers.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!there.has(id)) await this.#forget(id);
    for (const container of containers) if (isDeclaring(container)) await this.#lookAt(container.id, signal);
  }

  async #lookAt(id: string, signal: AbortSignal): Promise<void> {
    const container = await this.#options.runner.inspect(id, signal);
    if (container === undefined) return await this.#forget(id);
    if (!isDeclaring(container)) return;
    const known = this.#known.get(id) ?? new Map<string, Declared>();
    this.#known.set(id, known);
    const image = await this.#options.runner.image(container.imageId, signal);
    const isOfImage = (key: string): boolean => image?.labels[key] === container.labels[key];
    const keys = declaringKeys(container.labels);
    const own = keys.filter((key) => !isOfImage(key));
    const declaredBy = (key: string): Declared => {
      const declared = known.get(key) ?? new Declared(container, key, this.#options);
      known.set(key, declared);
      return declared;
    };
    // One is enough to tell: an image may have any number of them.
    for (const key of keys.filter(isOfImage).slice(0, 1)) {
      declaredBy(key).refuse("it is the image's own, and images command nothing");
    }
    for (const [index, key] of own.slice(0, PER_CONTAINER + 1).entries()) {
      const declared = declaredBy(key);
      const value = container.labels[key] ?? '';
      if (image === undefined) declared.postpone('its image is not to be found, so whose label it is cannot be told');
      else if (container.hostNetwork)
        declared.refuse("the container is in the host's network, and has no loopback of its own");
      else if (index >= PER_CONTAINER) declared.refuse(`a container declares at most ${PER_CONTAINER} wormholes`);
      else if (!declared.isOpen && this.#open >= IN_ALL)
        declared.postpone(`there are ${IN_ALL} wormholes by labels already`);
      else
        await declared.follow(
          container.startedAt,
          () => readLabel(key, value, container, this.#options.allowed),
          signal,
        );
    }
  }

  async #forget(id: string): Promise<void> {
    const known = this.#known.get(id) ?? new Map<string, Declared>();
    this.#known.delete(id);
    for (const declared of known.values()) await declared.close();
  }

  get #open(): number {
    return [...this.#known.values()].flatMap((known) => [...known.values()]).filter(({ isOpen }) => isOpen).length;
  }
}

function isDeclaring({ running, labels }: Container): boolean {
  return running && declaringKeys(labels).length > 0;
}

function hasFailed(known: ReadonlyMap<string, Declared>): boolean {
  return [...known.values()].some(({ mayBeTriedAgain }) => mayBeTriedAgain);
}
