/**
 * The labels on containers that a daemon started: whose they are, so that they are found again after a crash.
 */
import { createHash } from 'node:crypto';
import type { ContainerRecipe } from '../../spec/recipe/recipe.ts';

const PREFIX = 'dev.wormhole.';

/** Which `docker-run` of which wormhole of which daemon. */
export interface Owner {
  /** The daemon's own id, kept in its state directory: several may use one engine. */
  readonly host: string;
  /** Id of the wormhole. */
  readonly id: string;
  /** `DEPTH.MEMBER` of a target, `DEPTH.head` of a head. */
  readonly segment: string;
}

export const HOST_LABEL = `${PREFIX}host`;
export const ID_LABEL = `${PREFIX}id`;
const SEGMENT_LABEL = `${PREFIX}segment`;
const RECIPE_LABEL = `${PREFIX}recipe`;

/** What a container of this owner and recipe carries; one made from other words is another container. */
export function labelsOf({ host, id, segment }: Owner, recipe: ContainerRecipe): Readonly<Record<string, string>> {
  return {
    [HOST_LABEL]: host,
    [ID_LABEL]: id,
    [SEGMENT_LABEL]: segment,
    // A digest, because the recipe holds passwords and labels are shown to everybody.
    [RECIPE_LABEL]: createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 32),
  };
}
