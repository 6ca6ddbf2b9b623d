/** Failures of the engine's API in wormhole's vocabulary; every text names the address and what to do. */
import { WormholeError } from '../lib/errors.ts';

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'is Docker installed and running? (systemctl start docker; DOCKER_HOST names another socket)',
  ECONNREFUSED: 'is the engine running? (systemctl start docker)',
  EACCES: 'wormholed must run as root or in the group docker',
  ENOTFOUND: 'check the host in DOCKER_HOST',
  TIMEOUT: 'it accepted the connection and stays silent: look at the log of the engine',
};

/**
 * @param error whatever dockerode rejected with
 * @param address of the engine, as text
 */
export function unavailable(error: unknown, address: string): WormholeError {
  if (WormholeError.is(error)) return error;
  if (error instanceof DOMException && error.name === 'AbortError') return aborted(error);
  const { code, message } = facts(error);
  const remedy = remedies[code];
  return new WormholeError(
    'WH_ERR_DOCKER_UNAVAILABLE',
    `the container engine at ${address} does not answer as it should: ${message}${remedy === undefined ? '' : `; ${remedy}`}`,
    { cause: error, detail: { address, ...(code !== '' && { reason: code }) } },
  );
}

/** The engine's HTTP status, when it did answer; else 0. */
export function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 0;
  return typeof status === 'number' ? status : 0;
}

export function aborted(cause: unknown): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'gave up asking the container engine', { cause });
}

function facts(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  if (error.name === 'TimeoutError') return { code: 'TIMEOUT', message: 'no answer in time' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message.trim() };
}
