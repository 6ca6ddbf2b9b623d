/** A registry on fakes with one wormhole that starts containers, and the connections that make it do so. */
import type { Targets } from '../../src/proxy/route.ts';
import { never, registryWorld } from './registry-world.ts';

/** What an image is known by; without a HEALTHCHECK. */
export const image = { id: 'sha256:1', labels: {}, healthcheck: false };

/** @param words of the wormhole `shop`; the image `web` is there */
export function onDemand(...words: readonly string[]) {
  const made = registryWorld();
  const { surroundings, registry } = made;
  const { runner, plane } = surroundings;
  runner.images.set('web', image);
  const create = () => registry.create(['id', 'shop', ...words], never);
  /** What a connection that waits asks, in the route of the segment at `depth`. */
  const ask = (depth = 0, signal: AbortSignal = never): Promise<Targets> => {
    const route = plane.routes[depth];
    if (route?.options.ask === undefined) throw new Error('this route asks nothing');
    return route.options.ask(signal);
  };
  return { ...made, runner, plane, create, ask };
}

/** The calls that were made, without their subjects. */
export const acted = (journal: readonly string[]): string[] => journal.map((line) => line.split(' ')[0] ?? '');
