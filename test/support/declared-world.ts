/**
 * Labels without a daemon: containers in memory, a registry that takes any words, and what was logged.
 */
import { Declarations } from '../../src/daemon/declared/declarations.ts';
import type { DeclaredWormhole, Wormholes } from '../../src/daemon/declared/wormholes.ts';
import type { Container } from '../../src/docker/engine.ts';
import type { ContainerFacts } from '../../src/docker/runner.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import { FakeRunner } from './fake-runner.ts';

/** Image of containers that say nothing else. */
const IMAGE = 'sha256:plain';

/** Wormholes by id; an id is taken once. */
class FakeWormholes implements Wormholes {
  readonly live = new Map<string, DeclaredWormhole & { readonly words: readonly string[] }>();
  /** Ports of heads that somebody else has. */
  readonly taken = new Set<string>();
  attempts = 0;

  async create(words: readonly string[], signal: AbortSignal): Promise<DeclaredWormhole> {
    signal.throwIfAborted();
    this.attempts += 1;
    const id = words[1] ?? '';
    if (this.live.has(id)) throw new WormholeError('WH_ERR_WORMHOLE_EXISTS', `there is a wormhole ${id}`);
    const url = words[3] ?? '';
    if (this.taken.has(url)) throw new WormholeError('WH_ERR_LISTEN', `${url} is in use`);
    const wormhole = { id, words };
    this.live.set(id, wormhole);
    return wormhole;
  }

  get(id: string): DeclaredWormhole {
    const found = this.live.get(id);
    if (found === undefined) throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', id);
    return found;
  }

  async remove(id: string): Promise<void> {
    this.get(id);
    this.live.delete(id);
  }
}

export class DeclaredWorld implements AsyncDisposable {
  readonly runner = new FakeRunner();
  readonly wormholes = new FakeWormholes();
  /** `LEVEL NAME LABEL: REASON` of each line about a label. */
  readonly logged: string[] = [];
  #declarations: Declarations | undefined;

  constructor() {
    this.runner.images.set(IMAGE, { id: IMAGE, labels: {}, healthcheck: false });
  }

  /** Starts to follow; resolves when everything was looked at. */
  async follow(allowed: readonly string[] = ['loopback']): Promise<void> {
    const line = (level: string) => (facts: object) => {
      const { name, label, reason, err } = facts as Readonly<Record<string, string | undefined>>;
      this.logged.push(`${level} ${name} ${label}: ${reason ?? err ?? 'declared'}`);
    };
    const log = { info: line('info'), warn: line('warn'), error: line('error') };
    this.#declarations = new Declarations({
      engine: this.runner.engine,
      runner: this.runner,
      wormholes: this.wormholes,
      log: log as never,
      allowed,
    });
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.#declarations?.settled();
  }

  /** A running container appears, and its start is told. */
  async run(
    name: string,
    labels: Readonly<Record<string, string>>,
    facts: Partial<ContainerFacts> = {},
  ): Promise<Container> {
    const container = this.runner.engine.add(name, { image: IMAGE, labels, ...facts });
    await this.tell('start', container);
    return container;
  }

  async tell(action: string, container: Pick<Container, 'id' | 'name'>): Promise<void> {
    this.runner.engine.tell(action, container);
    await this.settled();
  }

  async resync(action = 'resync'): Promise<void> {
    await this.tell(action, { id: '', name: '' });
  }

  /** The words of each wormhole without its id, by id. */
  get made(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.wormholes.live].map(([id, { words }]) => [id, words.slice(2).join(' ')]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#declarations?.[Symbol.asyncDispose]();
  }
}
