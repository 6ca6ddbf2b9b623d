/**
 * An engine without containers of its own: a test says what there is, and when something changes.
 *
 * It finds by the same rules as the real one (`src/docker/choose.ts`).
 */
import { createHash } from 'node:crypto';
import { choose } from '../../src/docker/choose.ts';
import type { Container, ContainerChange, Engine } from '../../src/docker/engine.ts';
import { WormholeError } from '../../src/lib/errors.ts';

export class FakeEngine implements Engine {
  /** Everything there is; change it freely, then {@link tell} or {@link resync}. */
  readonly containers: Container[] = [];
  /** While true, every question is answered with WH_ERR_DOCKER_UNAVAILABLE. */
  down = false;
  /** Questions asked so far. */
  asked = 0;
  /** Called before a question is answered; what it waits for delays the answer. */
  onAsk: (reference: string) => Promise<void> | void = () => undefined;
  readonly #watchers = new Set<(change: ContainerChange) => void>();

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Puts a running container there; `pid` defaults to this process's. */
  add(name: string, facts: Partial<Container> = {}): Container {
    const id = facts.id ?? createHash('sha256').update(`${name} ${this.containers.length}`).digest('hex');
    const container: Container = {
      id,
      name,
      running: true,
      pid: process.pid,
      startedAt: '2026-01-01T00:00:00Z',
      hostNetwork: false,
      image: 'wormhole/test',
      labels: {},
      ...facts,
    };
    this.containers.push(container);
    return container;
  }

  /** Changes facts of the container with this id; nobody is told. */
  change(id: string, facts: Partial<Container>): Container {
    const at = this.containers.findIndex((container) => container.id === id);
    const before = this.containers[at];
    if (before === undefined) throw new Error(`no container ${id}`);
    return (this.containers[at] = { ...before, ...facts });
  }

  remove(id: string): void {
    const at = this.containers.findIndex((container) => container.id === id);
    if (at >= 0) this.containers.splice(at, 1);
  }

  /** Sends an event about a container. */
  tell(action: string, { id, name }: Pick<Container, 'id' | 'name'>): void {
    for (const onChange of this.#watchers) onChange({ id, name, action });
  }

  /** Sends the change that means "look at everything". */
  resync(): void {
    this.tell('resync', { id: '', name: '' });
  }

  async find(reference: string, signal: AbortSignal): Promise<Container> {
    await this.#ask(reference, signal);
    return choose(reference, this.containers);
  }

  async list(signal: AbortSignal): Promise<readonly Container[]> {
    await this.#ask('', signal);
    return [...this.containers];
  }

  watch(onChange: (change: ContainerChange) => void): Disposable {
    const watcher = (change: ContainerChange): void => onChange(change);
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  async ping(signal: AbortSignal): Promise<{ readonly version: string; readonly address: string }> {
    await this.#ask('', signal);
    return { version: 'fake', address: 'fake://' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.clear();
  }

  async #ask(reference: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.asked += 1;
    await this.onAsk(reference);
    signal.throwIfAborted();
    if (this.down) throw new WormholeError('WH_ERR_DOCKER_UNAVAILABLE', 'the fake engine is down');
  }
}
