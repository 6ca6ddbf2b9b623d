/**
 * Following where a head or a target is, and the container behind it that may have to be started.
 *
 *   host, ip netns, pid, container ──► followed as it is named
 *   docker-run                     ──► the container that its workload made
 */
import type { NamespaceRef, RunPlan } from '../../spec/plan.ts';
import { recipeOf } from '../../spec/recipe/recipe.ts';
import { NamedWorkload } from '../activator/named-workload.ts';
import { RunWorkload } from '../activator/run-workload.ts';
import type { Workload } from '../activator/workload.ts';
import { LedFollower } from '../places/led.ts';
import type { Identity } from '../places/sight.ts';
import type { OnMove } from '../places/where.ts';
import type { Permit } from '../policy/permit.ts';
import type { Follower, Surroundings } from '../surroundings.ts';
import { namespaceLabel } from './labels.ts';

/** One end of a segment, as far as places are concerned. */
export interface Endpoint {
  readonly namespace: NamespaceRef;
  readonly run?: RunPlan;
}

export interface EndpointOptions {
  readonly endpoint: Endpoint;
  /** Of the wormhole. */
  readonly id: string;
  /** `DEPTH.MEMBER` or `DEPTH.head`, for the labels of its container. */
  readonly segment: string;
  readonly surroundings: Surroundings;
  /** It is made again from memory. */
  readonly restored: boolean;
  /** What the reference meant in an earlier life. */
  readonly identity: Identity | undefined;
  readonly permit?: Pick<Permit, 'wake'>;
  readonly onMove: OnMove;
}

export interface Followed {
  readonly follower: Follower;
  /** Absent when there is nothing that could be started. */
  readonly workload?: Workload;
}

/** Resolves when `onMove` has been told where it is now. */
export async function followEndpoint(options: EndpointOptions): Promise<Followed> {
  const { endpoint, surroundings, identity, onMove, permit } = options;
  const { namespace, run } = endpoint;
  if (run !== undefined) return await followRun(options, run);
  const follower = await surroundings.follow(namespace, onMove, identity);
  if (namespace.kind !== 'container') return { follower };
  const { engine, runner, turns } = surroundings;
  const reference = namespace.container;
  const workload = new NamedWorkload({
    reference,
    identity: () => follower.identity,
    engine,
    runner,
    turns,
    ...(permit !== undefined && { permit: permit.wake }),
  });
  return { follower, workload };
}

async function followRun(options: EndpointOptions, run: RunPlan): Promise<Followed> {
  const { id, segment, surroundings, onMove } = options;
  const { runner, turns, log } = surroundings;
  const follower = await LedFollower.start(
    (container, told) => surroundings.follow({ kind: 'container', container }, told, { by: 'id', id: container }),
    onMove,
  );
  const workload = new RunWorkload({
    recipe: recipeOf(run.words),
    owner: { host: surroundings.hostId(), id, segment },
    inherited: options.restored,
    runner,
    turns,
    log: log.child({ wormhole: id }),
    onContainer: (container) => follower.lead(container),
  });
  return { follower, workload };
}

/** The key under which what a reference meant is remembered. */
export function identityKey({ namespace }: Endpoint): string {
  return namespaceLabel(namespace);
}
