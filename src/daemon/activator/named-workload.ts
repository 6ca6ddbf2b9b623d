/**
 * The container of a `docker-ns` behind `trigger` or under `idle`: somebody else made it; it is started when it is stopped.
 *
 * By name it is whatever bears the name now, by id that one alone, like everywhere else.
 */
import type { Engine } from '../../docker/engine.ts';
import type { ContainerFacts, Runner } from '../../docker/runner.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Identity } from '../places/sight.ts';
import type { Permit } from '../policy/permit.ts';
import { lookAt, startContainer } from './start-container.ts';
import type { Turns } from './turns.ts';
import type { OnIdle, Started, StartReport, Workload } from './workload.ts';

export interface NamedWorkloadOptions {
  /** As the spec says it. */
  readonly reference: string;
  /** What the reference was found to mean, once it was. */
  readonly identity: () => Identity | undefined;
  readonly engine: Pick<Engine, 'find'>;
  readonly runner: Runner;
  readonly turns: Turns;
  /** Asked before it is started; absent = anything may be. */
  readonly permit?: Permit['wake'];
}

export class NamedWorkload implements Workload {
  readonly label: string;
  readonly #options: NamedWorkloadOptions;
  #id: string | undefined;

  constructor(options: NamedWorkloadOptions) {
    this.#options = options;
    this.label = `container ${options.reference}`;
  }

  get container(): string | undefined {
    return this.#id;
  }

  async running(signal: AbortSignal): Promise<boolean> {
    return (await this.#find(signal)).state === 'running';
  }

  async confirm(container: string, signal: AbortSignal): Promise<void> {
    // Not remembered: what was started is what may be stopped.
    const { id } = await this.#look(signal);
    const { reference } = this.#options;
    if (id !== container) throw this.#notFound(`the name ${reference} is another container's now`);
  }

  async start(report: StartReport, signal: AbortSignal): Promise<Started> {
    const { runner, turns, permit } = this.#options;
    const found = await this.#find(signal);
    const { id } = found;
    permit?.(found);
    const start = async (): Promise<Started> => {
      const before = await lookAt(id, runner, signal);
      return await startContainer(id, before, runner, report, signal);
    };
    return await turns.run(id, start, signal);
  }

  async rest(container: string, how: OnIdle, signal: AbortSignal): Promise<void> {
    const { runner } = this.#options;
    if (how === 'pause') await runner.pause(container, signal);
    else await runner.stop(container, signal);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  async #find(signal: AbortSignal): Promise<ContainerFacts> {
    const facts = await this.#look(signal);
    this.#id = facts.id;
    return facts;
  }

  /** @throws {WormholeError} WH_ERR_CONTAINER_NOT_FOUND, WH_ERR_DOCKER_UNAVAILABLE */
  async #look(signal: AbortSignal): Promise<ContainerFacts> {
    const { reference, identity, engine, runner } = this.#options;
    const meant = identity();
    const known = meant === undefined ? reference : meant.by === 'name' ? meant.name : meant.id;
    const found = await engine.find(known, signal);
    const facts =
      meant?.by === 'name' && found.name !== meant.name ? undefined : await runner.inspect(found.id, signal);
    if (facts === undefined) throw this.#notFound(`no container has the name or id ${reference} now`);
    return facts;
  }

  #notFound(message: string): WormholeError {
    return new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', message, {
      detail: { container: this.#options.reference },
    });
  }
}
