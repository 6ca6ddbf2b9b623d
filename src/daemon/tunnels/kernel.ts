/** What carries tunnels on this machine, loaded when the first one needs it. */
import type { TunnelKernel } from '../../tunnel/half.ts';

/** @returns a function that always gives the same one */
export function tunnelKernel(): () => Promise<TunnelKernel> {
  let loading: Promise<TunnelKernel> | undefined;
  const load = async (): Promise<TunnelKernel> => {
    const { KernelTunnels } = await import('../../tunnel/kernel.ts');
    return new KernelTunnels();
  };
  return () => {
    loading ??= load();
    return loading;
  };
}
