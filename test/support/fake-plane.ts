/**
 * A data plane without threads: it keeps what it is told, and a test plays the connections.
 */
import type { DataPlane, Route, RouteOptions, RouteStats, Targets } from '../../src/proxy/route.ts';
import type { OwnedFd } from '../../src/sys/fd.ts';

export class FakeRoute implements Route {
  readonly options: RouteOptions;
  /** What was asked of it, in order. */
  readonly calls: string[] = [];
  listener: OwnedFd | undefined;
  targets: Targets = { targets: [], validForMs: 0 };
  closed = false;
  /** Connections that {@link close} waits for. */
  #open = 0;
  #total = 0;
  #onDrained: () => void = () => undefined;

  constructor(options: RouteOptions) {
    this.options = options;
  }

  /** Addresses that new connections would go to, e.g. `127.0.0.1:80`. */
  get addresses(): string[] {
    return this.targets.targets.map(({ address }) => {
      if (address.kind === 'ip') return `${address.host}:${address.port}`;
      return address.kind === 'unix' ? address.path : `${address.guest}@${address.link}`;
    });
  }

  connect(): void {
    this.#open += 1;
    this.#total += 1;
  }

  disconnect(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#onDrained();
  }

  listen(socket: OwnedFd): Promise<void> {
    this.calls.push('listen');
    this.listener?.[Symbol.dispose]();
    this.listener = socket;
    return Promise.resolve();
  }

  unlisten(): Promise<void> {
    this.calls.push('unlisten');
    this.listener?.[Symbol.dispose]();
    this.listener = undefined;
    return Promise.resolve();
  }

  retarget(targets: Targets): Promise<void> {
    this.calls.push('retarget');
    this.targets = targets;
    return Promise.resolve();
  }

  stats(): RouteStats {
    return {
      connectionsOpen: this.#open,
      connectionsWaiting: 0,
      connectionsTotal: this.#total,
      connectionsFailed: 0,
      bytesIn: 10 * this.#total,
      bytesOut: 20 * this.#total,
      dialP50Ms: null,
      dialP99Ms: null,
      datagramsIn: 0,
      datagramsOut: 0,
      datagramsDropped: 0,
      members:
        this.#total > 0 ? [{ member: 0, open: this.#open, pending: 0, dialed: this.#total, failed: 0, up: true }] : [],
    };
  }

  async close(drainMs: number): Promise<void> {
    await this.unlisten();
    this.calls.push(`close ${drainMs}`);
    if (drainMs === 0) {
      this.#open = 0;
      this.#onDrained();
    }
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        const before = this.#onDrained;
        this.#onDrained = () => {
          before();
          resolve();
        };
      });
    }
    this.closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }
}

export class FakePlane implements DataPlane {
  readonly routes: FakeRoute[] = [];

  /** The one that was opened last. */
  get last(): FakeRoute {
    const route = this.routes.at(-1);
    if (route === undefined) throw new Error('no route was opened');
    return route;
  }

  open(options: RouteOptions): Promise<Route> {
    const route = new FakeRoute(options);
    this.routes.push(route);
    return Promise.resolve(route);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.routes.map((route) => route.close(0)));
  }
}
