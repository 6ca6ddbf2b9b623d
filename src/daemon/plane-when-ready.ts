/**
 * The data plane before its workers run: they start when told, or with the first route, and whoever opens a route
 * waits for them. So the control plane answers early.
 */
import { WormholeError } from '../lib/errors.ts';
import type { DataPlane } from '../proxy/route.ts';

type Started = DataPlane & { readonly workers: number };

export interface StartingPlane extends DataPlane {
  /** Relay workers; 0 until they have started. */
  readonly workers: number;
  /** Starts the workers; again is a no-op. */
  start(): void;
}

/** @param onFailure called once when the workers do not start */
export function planeWhenReady(
  startPlane: () => Promise<Started>,
  onFailure: (error: WormholeError) => void,
): StartingPlane {
  let workers = 0;
  let starting: Promise<Started> | undefined;
  const begin = (): Promise<Started> => {
    if (starting !== undefined) return starting;
    starting = startPlane();
    starting.then(
      (plane) => {
        ({ workers } = plane);
      },
      (cause: unknown) => {
        onFailure(WormholeError.is(cause) ? cause : new WormholeError('WH_ERR_INTERNAL', String(cause), { cause }));
      },
    );
    return starting;
  };
  return {
    get workers() {
      return workers;
    },
    start: () => void begin(),
    open: async (options) => await (await begin()).open(options),
    async [Symbol.asyncDispose]() {
      const plane = await starting?.catch(() => undefined);
      await plane?.[Symbol.asyncDispose]();
    },
  };
}
