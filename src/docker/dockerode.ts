/**
 * The engine behind Docker's API: Docker itself, or Podman's compatible service.
 *
 * Nothing is loaded, opened or asked before the first call. Finding asks for the few containers whose name or id
 * fits, not for all of them, so that it costs the same on a machine with thousands.
 */
import type Docker from 'dockerode';
import { Deadline } from '../lib/deadline.ts';
import { choose, looksLikeId, notFound } from './choose.ts';
import { type ClientOptions, EngineClient } from './client.ts';
import type { Container, ContainerChange, Engine } from './engine.ts';
import { statusOf, unavailable } from './failure.ts';
import { fromInspect, fromList, ownName } from './snapshot.ts';
import { Watch } from './watch.ts';

export interface DockerEngineOptions extends ClientOptions {
  /** Milliseconds between the resyncs of {@link Engine.watch}. */
  readonly resyncMs?: number;
}

/** What Docker accepts as a name; ids fit too. */
const validName = /^[A-Za-z0-9][\w.-]*$/;
/** Times a name is looked up again when its container changed between the two questions. */
const findAttempts = 4;
/** Containers inspected at once by `list`. */
const inspectAtOnce = 8;

export class DockerEngine implements Engine {
  readonly #client: EngineClient;
  readonly #watch: Watch;
  readonly #closed = new AbortController();

  constructor(options: DockerEngineOptions) {
    this.#client = new EngineClient(options);
    this.#watch = new Watch({
      log: options.log,
      resyncMs: options.resyncMs ?? 10_000,
      open: (signal) => this.#events(signal),
    });
  }

  async find(reference: string, signal: AbortSignal): Promise<Container> {
    for (let attempt = 1; ; attempt++) {
      const chosen = choose(reference, await this.#matching(reference, signal));
      const container = await this.#inspect(chosen.id, signal);
      // Removed or renamed between the two questions: the reference may mean another container by now.
      if (container !== undefined && container.name === chosen.name) return container;
      if (attempt === findAttempts) throw notFound(reference);
    }
  }

  /** `startedAt` is '' for containers that do not run. */
  async list(signal: AbortSignal): Promise<readonly Container[]> {
    const infos = await this.#ask(signal, (docker, abortSignal) => docker.listContainers({ all: true, abortSignal }));
    const containers: Container[] = [];
    for (let at = 0; at < infos.length; at += inspectAtOnce) {
      const some = infos.slice(at, at + inspectAtOnce).map(async (info) => {
        const stopped = info.State !== 'running' && info.State !== 'paused';
        return (stopped ? fromList(info) : undefined) ?? (await this.#inspect(info.Id, signal));
      });
      for (const container of await Promise.all(some)) if (container !== undefined) containers.push(container);
    }
    return containers;
  }

  watch(onChange: (change: ContainerChange) => void): Disposable {
    return this.#watch.add(onChange);
  }

  async ping(signal: AbortSignal): Promise<{ readonly version: string; readonly address: string }> {
    // The library takes `abortSignal` here as everywhere; its types forgot.
    const version = await this.#ask(signal, (docker, abortSignal) =>
      (docker.version as (options: { abortSignal: AbortSignal }) => Promise<Docker.DockerVersion>).call(docker, {
        abortSignal,
      }),
    );
    return { version: version.Version, address: this.#client.address };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DOMException('the container engine is closed', 'AbortError'));
    await this.#watch[Symbol.asyncDispose]();
  }

  /** Containers that have this name, or an id that begins so. What an engine answers beyond that is sorted out by `choose`. */
  async #matching(reference: string, signal: AbortSignal): Promise<Array<{ id: string; name: string }>> {
    if (!validName.test(reference)) return [];
    const filters: Array<Record<string, string[]>> = [{ name: [`^/?${reference.replaceAll('.', '\\.')}$`] }];
    if (looksLikeId(reference)) filters.push({ id: [reference] });
    const answers = await Promise.all(
      filters.map((filter) =>
        this.#ask(signal, (docker, abortSignal) =>
          docker.listContainers({ all: true, filters: JSON.stringify(filter), abortSignal }),
        ),
      ),
    );
    const byId = new Map(answers.flat().map(({ Id, Names }) => [Id, { id: Id, name: ownName(Names) }]));
    return [...byId.values()];
  }

  async #inspect(id: string, signal: AbortSignal): Promise<Container | undefined> {
    const info = await this.#ask(signal, async (docker, abortSignal) => {
      try {
        return await docker.getContainer(id).inspect({ abortSignal });
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
    return info === undefined ? undefined : fromInspect(info);
  }

  async #events(signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    return await this.#client.stream(signal, (docker, abortSignal) =>
      docker.getEvents({ filters: { type: ['container'] }, abortSignal }),
    );
  }

  async #ask<T>(signal: AbortSignal, ask: (docker: Docker, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      using life = new Deadline(Infinity, signal, this.#closed.signal);
      return await this.#client.call(life.signal, ask);
    } catch (error) {
      throw unavailable(error, this.#client.address);
    }
  }
}
