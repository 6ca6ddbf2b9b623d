/** The data plane before its workers have started: whoever opens a route waits for them. */
import { WormholeError } from '../lib/errors.ts';
import type { DataPlane } from '../proxy/route.ts';

export interface StartingPlane extends DataPlane {
  /** Relay workers; 0 until they have started. */
  readonly workers: number;
}

/** @param onFailure called when the workers do not start */
export function planeWhenReady(
  starting: Promise<DataPlane & { readonly workers: number }>,
  onFailure: (error: WormholeError) => void,
): StartingPlane {
  let workers = 0;
  starting.then(
    (plane) => {
      ({ workers } = plane);
    },
    (cause: unknown) => {
      onFailure(WormholeError.is(cause) ? cause : new WormholeError('WH_ERR_INTERNAL', String(cause), { cause }));
    },
  );
  return {
    get workers() {
      return workers;
    },
    open: async (options) => await (await starting).open(options),
    async [Symbol.asyncDispose]() {
      const plane = await starting.catch(() => undefined);
      await plane?.[Symbol.asyncDispose]();
    },
  };
}
