/**
 * Can containers reach the control port? The key still stands before it, but it need not be in their sight.
 */
import { networkInterfaces } from 'node:os';
import type { Check } from '../../spec/api.ts';
import { type Examine, ok, skip, warn } from './check.ts';

export const exposure: Examine = ({ tcp }) => {
  if (tcp.length === 0) return [skip('control port', 'none is open')];
  return tcp.map(({ host, port }) => judge(host, port));
};

function judge(host: string, port: number): Check {
  const name = 'control port';
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const remedy = 'bind the address that peers use (-H IP), and let a firewall drop the port from container bridges';
  if (host === '::1' || host.startsWith('127.')) {
    return ok(name, `${where} is not reachable from containers, except those on the host's network`);
  }
  if (host === '::' || host === '0.0.0.0' || host === '') {
    return warn(name, `${where} listens on every address; containers reach it through ${bridges()}`, remedy);
  }
  const bridge = bridgeOf(host);
  if (bridge !== undefined) return warn(name, `${where} is the address of the container bridge ${bridge}`, remedy);
  return warn(name, `${where} is reachable from the network, and from containers that are routed there`, remedy);
}

/** Interfaces that container engines make. */
const BRIDGE = /^(?:docker|br-|podman|cni|virbr|lxcbr)/;

function bridgeOf(host: string): string | undefined {
  const found = Object.entries(networkInterfaces()).find(([, list]) => list?.some(({ address }) => address === host));
  return found !== undefined && BRIDGE.test(found[0]) ? found[0] : undefined;
}

function bridges(): string {
  const names = Object.keys(networkInterfaces()).filter((name) => BRIDGE.test(name));
  return names.length === 0 ? 'any bridge' : names.join(', ');
}
