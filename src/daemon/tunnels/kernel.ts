/** What carries tunnels on this machine, loaded when the first one needs it. */
import type { TunnelKernel } from '../../tunnel/half.ts';

/** @returns a function that always gives the same one */
export function tunnelKernel(): () => Promise<TunnelKernel> {
  let loading: Promise<TunnelKernel> | undefined;
  const load = async (): Promise<TunnelKernel> => {
    const { KernelTunnels } = await import('../../tunnel/kernel.ts');
    const kernel = new KernelTunnels();
    return {
      abilities: () => kernel.abilities(),
      install: (...what) => kernel.install(...what),
      adopt: (shape) => kernel.adopt(shape),
      sweep: (shape) => kernel.sweep(shape),
      // What nobody remembers cannot be told from what others have made yet.
      remains: () => Promise.resolve([]),
    };
  };
  return () => {
    loading ??= load();
    return loading;
  };
}
