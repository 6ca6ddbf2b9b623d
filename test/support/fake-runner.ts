/**
 * Containers in memory, with everything that can go wrong at a test's word.
 *
 * They live in a {@link FakeEngine}, which finds them and is told of each change as a real one would be. Every call is
 * written down in `journal` (`create web:1`, `start <id>`), can be held up by `hold`, and made to fail by `fail`.
 */
import { createHash } from 'node:crypto';
import type { Container } from '../../src/docker/engine.ts';
import type { ContainerFacts, ImageFacts, PullProgress, Runner } from '../../src/docker/runner.ts';
import { type ErrorCode, WormholeError } from '../../src/lib/errors.ts';
import type { ContainerRecipe } from '../../src/spec/recipe/recipe.ts';
import { FakeEngine } from './fake-engine.ts';

type Call = Exclude<keyof Runner, 'logs'>;

/** A call that is kept waiting. */
export interface Held {
  /** Resolves when somebody has made the call; its signal is the caller's. */
  readonly reached: Promise<AbortSignal>;
  readonly release: () => void;
}

export class FakeRunner implements Runner {
  readonly engine: FakeEngine;
  /** What is here. */
  readonly images = new Map<string, ImageFacts>();
  /** What can be pulled. */
  readonly registry = new Map<string, ImageFacts>();
  /** Calls in the order they were made: `pull web:1`. Questions (inspect, labelled, image) are left out. */
  readonly journal: string[] = [];
  /** Progress that each pull reports. */
  progress: readonly Omit<PullProgress, 'image'>[] = [];
  /** Called when a container has started, before `start` resolves; it may end it at once. */
  onStart: (container: ContainerFacts) => void = () => undefined;
  /** Pid of containers that start. */
  pid = process.pid;
  readonly #failures: Array<{ readonly call: Call; readonly error: Error }> = [];
  readonly #holds: Array<{ readonly call: Call; readonly enter: (signal: AbortSignal) => Promise<void> }> = [];
  readonly #lines = new Map<string, string[]>();
  readonly #waiting = new Set<() => void>();
  #clock = Date.UTC(2026, 0, 1);
  #made = 0;

  constructor(engine = new FakeEngine()) {
    this.engine = engine;
  }

  /** Makes the next `times` calls of this kind fail. */
  fail(call: Call, code: ErrorCode, message = `scripted failure of ${call}`, times = 1): void {
    for (let i = 0; i < times; i++) this.#failures.push({ call, error: new WormholeError(code, message) });
  }

  /** Keeps the next call of this kind waiting until it is released or its signal aborts. */
  hold(call: Call): Held {
    let reach: (signal: AbortSignal) => void = () => undefined;
    let release = (): void => undefined;
    const reached = new Promise<AbortSignal>((resolve) => void (reach = resolve));
    const released = new Promise<void>((resolve) => void (release = resolve));
    const enter = (signal: AbortSignal): Promise<void> => {
      reach(signal);
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(aborted(signal)), { once: true });
        void released.then(resolve);
      });
    };
    this.#holds.push({ call, enter });
    return { reached, release };
  }

  /** Facts of a container, changed or not; nobody is told of a change. */
  facts(id: string, change: Partial<ContainerFacts> = {}): ContainerFacts {
    const known = complete(this.engine.change(id, {}));
    return Object.keys(change).length === 0 ? known : complete(this.engine.change(id, { ...known, ...change }));
  }

  /** The container's process ends. */
  exit(id: string, exitCode = 0, more: Partial<ContainerFacts> = {}): void {
    const container = this.facts(id, { running: false, pid: 0, state: 'exited', exitCode, ...more });
    this.#tell('die', container);
  }

  /** The container writes a line. */
  say(id: string, line: string): void {
    this.#lines.set(id, [...(this.#lines.get(id) ?? []), line]);
    this.#wake();
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerFacts | undefined> {
    await this.#enter('inspect', '', signal);
    return this.#find(id);
  }

  async labelled(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly ContainerFacts[]> {
    await this.#enter('labelled', '', signal);
    const wanted = Object.entries(labels);
    return this.engine.containers
      .filter((container) => wanted.every(([key, value]) => container.labels[key] === value))
      .map(complete);
  }

  async image(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined> {
    await this.#enter('image', '', signal);
    return this.images.get(reference);
  }

  async pull(
    reference: string,
    _platform: string | undefined,
    onProgress: (progress: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#enter('pull', reference, signal);
    for (const step of this.progress) onProgress({ image: reference, ...step });
    const found = this.registry.get(reference);
    if (found === undefined) throw new WormholeError('WH_ERR_IMAGE_NOT_FOUND', `no image ${reference} in the registry`);
    this.images.set(reference, found);
  }

  async create(
    recipe: ContainerRecipe,
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<string> {
    await this.#enter('create', recipe.image, signal);
    const image = this.images.get(recipe.image);
    if (image === undefined) throw new WormholeError('WH_ERR_IMAGE_NOT_FOUND', `no image ${recipe.image}`);
    this.#made += 1;
    const name = recipe.name ?? `made-${this.#made}`;
    if (this.engine.containers.some((other) => other.name === name)) {
      throw new WormholeError('WH_ERR_CONTAINER_EXISTS', `a container named ${name} exists already`);
    }
    const own = (recipe.body['Labels'] ?? {}) as Record<string, string>;
    // Never an id that was there before, whatever was removed since.
    const id = createHash('sha256').update(`${name}, made ${this.#made}`).digest('hex');
    const facts = { id, image: recipe.image, labels: { ...image.labels, ...own, ...labels }, createdAt: this.#now() };
    const stopped = { running: false, pid: 0, startedAt: '', state: 'created' as const };
    const container = this.engine.add(name, { ...facts, ...stopped });
    this.#tell('create', container);
    return container.id;
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#enter('start', id, signal);
    const container = this.#existing(id);
    if (container.state === 'paused') throw new WormholeError('WH_ERR_CONTAINER_FAILED', `${id} is paused`);
    if (container.running) return;
    const fresh = { exitCode: 0, oomKilled: false, error: '', startedAt: this.#now() };
    this.#lines.delete(id);
    const running = this.facts(id, { ...fresh, running: true, pid: this.pid, state: 'running' });
    this.#tell('start', running);
    this.onStart(running);
  }

  async stop(id: string, signal: AbortSignal): Promise<void> {
    await this.#enter('stop', id, signal);
    if (this.#find(id)?.running === true) this.exit(id, 137);
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.#enter('pause', id, signal);
    const { running, state } = this.#existing(id);
    if (!running) throw new WormholeError('WH_ERR_CONTAINER_FAILED', `${id} does not run`);
    if (state !== 'paused') this.#tell('pause', this.facts(id, { state: 'paused' }));
  }

  async unpause(id: string, signal: AbortSignal): Promise<void> {
    await this.#enter('unpause', id, signal);
    if (this.#existing(id).state === 'paused') this.#tell('unpause', this.facts(id, { state: 'running' }));
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#enter('remove', id, signal);
    const container = this.#find(id);
    if (container === undefined) return;
    if (container.running) this.exit(id, 137);
    this.engine.remove(id);
    this.#tell('destroy', container);
  }

  async *logs(id: string, _since: string, signal: AbortSignal): AsyncGenerator<string> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      for (let at = 0; ; ) {
        if (signal.aborted) throw aborted(signal);
        const line = this.#lines.get(id)?.[at];
        if (line !== undefined) {
          at += 1;
          yield line;
        } else if (this.#find(id)?.running !== true) return;
        else await new Promise<void>((resolve) => void this.#waiting.add(resolve));
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  async #enter(call: Call, subject: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw aborted(signal);
    if (subject !== '') this.journal.push(`${call} ${subject}`);
    const held = this.#holds.findIndex((one) => one.call === call);
    if (held >= 0) await this.#holds.splice(held, 1)[0]?.enter(signal);
    const failed = this.#failures.findIndex((one) => one.call === call);
    if (failed >= 0) throw this.#failures.splice(failed, 1)[0]?.error;
    if (this.engine.down) throw new WormholeError('WH_ERR_DOCKER_UNAVAILABLE', 'the fake engine is down');
  }

  #find(id: string): ContainerFacts | undefined {
    const found = this.engine.containers.find((container) => container.id === id);
    return found === undefined ? undefined : complete(found);
  }

  #existing(id: string): ContainerFacts {
    const found = this.#find(id);
    if (found === undefined) throw new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `no container ${id}`);
    return found;
  }

  #tell(action: string, container: Container): void {
    this.engine.tell(action, container);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
  /** A time that is later than each before. */
  #now(): string {
    return new Date((this.#clock += 1000)).toISOString();
  }
}

/** Facts that a container made by {@link FakeEngine.add} lacks. */
function complete(container: Container): ContainerFacts {
  return {
    imageId: container.image,
    state: container.running ? 'running' : 'exited',
    exitCode: 0,
    oomKilled: false,
    error: '',
    health: 'none',
    createdAt: '2026-01-01T00:00:00Z',
    ...container,
  };
}

function aborted(signal: AbortSignal): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'the caller gave up', { cause: signal.reason });
}
