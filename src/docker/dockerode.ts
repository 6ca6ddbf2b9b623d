/**
 * The engine behind Docker's API: Docker itself, or Podman's compatible service. Looks here, acts in `lifecycle.ts`,
 * `images.ts` and `logs.ts`.
 *
 * Nothing is loaded, opened or asked before the first call. Finding asks for the few containers whose name or id
 * fits, not for all of them, so that it costs the same on a machine with thousands.
 */
import type Docker from 'dockerode';
import type { ContainerRecipe } from '../spec/recipe/recipe.ts';
import { EngineCalls } from './calls.ts';
import { choose, looksLikeId, notFound } from './choose.ts';
import type { ClientOptions } from './client.ts';
import type { Container, ContainerChange, Engine } from './engine.ts';
import * as images from './images.ts';
import * as lifecycle from './lifecycle.ts';
import { listingOf } from './listing.ts';
import { logs } from './logs.ts';
import { registryAuth } from './registry-auth.ts';
import type { ContainerFacts, ImageFacts, PullProgress, Runner } from './runner.ts';
import { factsOf, fromInspect, fromList, ownName } from './snapshot.ts';
import { Watch } from './watch.ts';

export interface DockerEngineOptions extends ClientOptions {
  /** Milliseconds between the resyncs of {@link Engine.watch}. */
  readonly resyncMs?: number;
  /** Milliseconds for a call that changes something; `stop` has the container's own time. */
  readonly actionMs?: number;
  /** Milliseconds that a pull may make no progress. */
  readonly stallMs?: number;
}

/** What Docker accepts as a name; ids fit too. */
const validName = /^[A-Za-z0-9][\w.-]*$/;
/** Times a name is looked up again when its container changed between the two questions. */
const findAttempts = 4;
/** Containers inspected at once by `list`. */
const inspectAtOnce = 8;

export class DockerEngine implements Engine, Runner {
  readonly #calls: EngineCalls;
  readonly #watch: Watch;
  readonly #env: NonNullable<ClientOptions['env']>;
  readonly #actionMs: number;
  readonly #stallMs: number;

  constructor(options: DockerEngineOptions) {
    this.#calls = new EngineCalls(options);
    this.#env = options.env ?? process.env;
    this.#actionMs = options.actionMs ?? 60_000;
    this.#stallMs = options.stallMs ?? 60_000;
    this.#watch = new Watch({
      log: options.log,
      resyncMs: options.resyncMs ?? 10_000,
      open: (signal) => this.#events(signal),
      list: async (signal) => listingOf(await this.#listed(signal)),
    });
  }

  async find(reference: string, signal: AbortSignal): Promise<Container> {
    // What the engine takes for a full id can only be that: one question instead of three.
    const known = /^[0-9a-f]{64}$/.test(reference) ? await this.#look(reference, signal) : undefined;
    if (known?.id === reference) return known;
    for (let attempt = 1; ; attempt++) {
      const chosen = choose(reference, await this.#matching(reference, signal));
      const container = await this.#look(chosen.id, signal);
      // Removed or renamed between the two questions: the reference may mean another container by now.
      if (container !== undefined && container.name === chosen.name) return container;
      if (attempt === findAttempts) throw notFound(reference);
    }
  }

  /** `startedAt` is '' for containers that do not run. */
  async list(signal: AbortSignal): Promise<readonly Container[]> {
    return await someAtOnce(await this.#listed(signal), async (info) => {
      const stopped = info.State !== 'running' && info.State !== 'paused';
      return (stopped ? fromList(info) : undefined) ?? (await this.#look(info.Id, signal));
    });
  }

  watch(onChange: (change: ContainerChange) => void): Disposable {
    return this.#watch.add(onChange);
  }

  async ping(signal: AbortSignal): Promise<{ readonly version: string; readonly address: string }> {
    // The library takes `abortSignal` here as everywhere; its types forgot.
    const version = await this.#calls.ask(signal, (docker, abortSignal) =>
      (docker.version as (options: { abortSignal: AbortSignal }) => Promise<Docker.DockerVersion>).call(docker, {
        abortSignal,
      }),
    );
    return { version: version.Version, address: this.#calls.client.address };
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerFacts | undefined> {
    const info = await lifecycle.inspect(this.#calls, id, signal);
    return info === undefined ? undefined : factsOf(info);
  }

  async labelled(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly ContainerFacts[]> {
    const wanted = Object.entries(labels);
    const filters = JSON.stringify({ label: wanted.map(([key, value]) => `${key}=${value}`) });
    const infos = await this.#calls.ask(signal, (docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    const found = await someAtOnce(infos, ({ Id }) => this.inspect(Id, signal));
    return found.filter((container) => wanted.every(([key, value]) => container.labels[key] === value));
  }

  image(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined> {
    return images.image(this.#calls, reference, signal);
  }

  async pull(
    reference: string,
    platform: string | undefined,
    onProgress: (progress: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const auth = (registry: string) => registryAuth(registry, this.#env);
    await images.pull(this.#calls, { reference, platform, onProgress, auth, stallMs: this.#stallMs }, signal);
  }

  create(recipe: ContainerRecipe, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string> {
    return lifecycle.create(this.#calls, recipe, labels, signal, this.#actionMs);
  }

  start(id: string, signal: AbortSignal): Promise<void> {
    return lifecycle.start(this.#calls, id, signal, this.#actionMs);
  }

  stop(id: string, signal: AbortSignal): Promise<void> {
    return lifecycle.stop(this.#calls, id, signal);
  }

  pause(id: string, signal: AbortSignal): Promise<void> {
    return lifecycle.pause(this.#calls, id, signal, this.#actionMs);
  }

  unpause(id: string, signal: AbortSignal): Promise<void> {
    return lifecycle.unpause(this.#calls, id, signal, this.#actionMs);
  }

  remove(id: string, signal: AbortSignal): Promise<void> {
    return lifecycle.remove(this.#calls, id, signal, this.#actionMs);
  }

  logs(id: string, since: string, signal: AbortSignal): AsyncIterable<string> {
    return logs(this.#calls, id, since, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls[Symbol.dispose]();
    await this.#watch[Symbol.asyncDispose]();
  }

  /** Containers that have this name, or an id that begins so. What an engine answers beyond that is sorted out by `choose`. */
  async #matching(reference: string, signal: AbortSignal): Promise<Array<{ id: string; name: string }>> {
    if (!validName.test(reference)) return [];
    const filters: Array<Record<string, string[]>> = [{ name: [`^/?${reference.replaceAll('.', '\\.')}$`] }];
    if (looksLikeId(reference)) filters.push({ id: [reference] });
    const answers = await Promise.all(
      filters.map((filter) =>
        this.#calls.ask(signal, (docker, abortSignal) =>
          docker.listContainers({ all: true, filters: JSON.stringify(filter), abortSignal }),
        ),
      ),
    );
    const byId = new Map(answers.flat().map(({ Id, Names }) => [Id, { id: Id, name: ownName(Names) }]));
    return [...byId.values()];
  }

  #listed(signal: AbortSignal): Promise<Docker.ContainerInfo[]> {
    return this.#calls.ask(signal, (docker, abortSignal) => docker.listContainers({ all: true, abortSignal }));
  }

  async #look(id: string, signal: AbortSignal): Promise<Container | undefined> {
    const info = await lifecycle.inspect(this.#calls, id, signal);
    return info === undefined ? undefined : fromInspect(info);
  }

  async #events(signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    return await this.#calls.client.stream(signal, (docker, abortSignal) =>
      docker.getEvents({ filters: { type: ['container'] }, abortSignal }),
    );
  }
}

/** What `ask` answers for each of these, in their order; the unanswered are left out. */
async function someAtOnce<T, R>(all: readonly T[], ask: (one: T) => Promise<R | undefined>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < all.length; at += inspectAtOnce) {
    const some = await Promise.all(all.slice(at, at + inspectAtOnce).map(ask));
    for (const answer of some) if (answer !== undefined) answers.push(answer);
  }
  return answers;
}
