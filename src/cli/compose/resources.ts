/** Limits of a service as flags of `docker run`. */
import { Fields, isRecord, scalar } from './fields.ts';
import { untranslatable } from './findings.ts';

/** @throws {WormholeError} WH_ERR_COMPOSE */
export function resourceFlags(service: Fields): string[] {
  const limits = deployLimits(service);
  const flags: string[] = [];
  const add = (flag: string, text: string | undefined): void => void (text !== undefined && flags.push(flag, text));
  add('-m', service.text('mem_limit') ?? limits.memory);
  add('--cpus', service.text('cpus') ?? limits.cpus);
  add('--shm-size', service.text('shm_size'));
  const grace = service.text('stop_grace_period');
  if (grace !== undefined) flags.push('--stop-timeout', String(seconds(grace)));
  for (const [name, value] of ulimits(service)) flags.push('--ulimit', `${name}=${value}`);
  for (const item of service.items('devices'))
    flags.push('--device', isRecord(item) ? device(item, service) : scalar('devices', item));
  return flags;
}

function deployLimits(service: Fields): { readonly memory?: string; readonly cpus?: string } {
  const value = service.take('deploy');
  if (value === undefined) return {};
  const deploy = new Fields(service.where, value, service.findings);
  const resources = new Fields(service.where, deploy.take('resources') ?? {}, service.findings);
  const limits = new Fields(service.where, resources.take('limits') ?? {}, service.findings);
  const memory = limits.text('memory');
  const cpus = limits.text('cpus');
  if ((deploy.text('replicas') ?? '1') !== '1')
    service.note('deploy: replicas: one container is started, however many clients come');
  const left = [
    ...deploy.rest(),
    ...resources.rest().map((key) => `resources.${key}`),
    ...limits.rest().map((key) => `resources.limits.${key}`),
  ];
  for (const key of left)
    service.note(`deploy: ${key} is left out; it belongs to a swarm, or docker-run has no flag for it`);
  return { ...(memory !== undefined && { memory }), ...(cpus !== undefined && { cpus }) };
}

function ulimits(service: Fields): Array<readonly [string, string]> {
  const value = service.take('ulimits') ?? {};
  if (!isRecord(value)) throw untranslatable('ulimits: it is not a mapping of names to limits');
  return Object.entries(value).map(([name, limit]) => {
    if (!isRecord(limit)) return [name, scalar('ulimits', limit)];
    const fields = new Fields(service.where, limit, service.findings);
    const soft = fields.text('soft') ?? '';
    const hard = fields.text('hard');
    return [name, hard === undefined ? soft : `${soft}:${hard}`];
  });
}

function device(item: Readonly<Record<string, unknown>>, service: Fields): string {
  const fields = new Fields(service.where, item, service.findings);
  const source = fields.text('source');
  if (source === undefined) throw untranslatable('devices: source is missing');
  const permissions = fields.text('permissions');
  const target = fields.text('target') ?? source;
  return [source, target, ...(permissions === undefined ? [] : [permissions])].join(':');
}

/** Compose's durations, `1m30s`, as whole seconds, rounded up. */
function seconds(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 0.000_001 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|m|s)/g)];
  if (parts.map(([part]) => part).join('') !== text || text === '') {
    throw untranslatable(`stop_grace_period: ${JSON.stringify(text)} is no duration; write for example 30s`);
  }
  return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0));
}
