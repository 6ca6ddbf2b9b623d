/** The policies of a running daemon: its settings, and what it knows of the machine it runs on. */
import { existsSync } from 'node:fs';
import { type EngineAddress, engineAddress } from '../../docker/address.ts';
import type { Engine } from '../../docker/engine.ts';
import type { Settings, TcpAddress } from '../config/settings.ts';
import type { Logger } from '../log.ts';
import { hostPlace } from '../places/open.ts';
import { Ground } from './ground.ts';
import { Policies, type PoliciesOptions } from './policies.ts';

export interface PoliciesOfOptions {
  readonly settings: Settings;
  readonly engine: Pick<Engine, 'find'>;
  readonly log: Pick<Logger, 'info'>;
  readonly invited: PoliciesOptions['invited'];
  /** Control addresses that are open by now. */
  readonly bound: () => readonly TcpAddress[];
}

export function policiesOf({ settings, engine, log, bound, invited }: PoliciesOfOptions): Policies {
  const { tcp, unix, tunnels } = settings;
  const { internalIp, externalIp } = tunnels;
  const ground = new Ground({
    controlPorts: () => [...tcp, ...bound()].map(({ port }) => port),
    controlSockets: unix,
    engine: engineOf(process.env),
    otherAddresses: [internalIp, externalIp].filter((address) => address !== undefined),
  });
  return new Policies({
    settings,
    ground,
    engine,
    log,
    ...(invited && { invited }),
    namespaceId: hostPlace().namespaceId,
  });
}

/** A DOCKER_HOST that nobody can use is told elsewhere. */
function engineOf(env: NodeJS.ProcessEnv): EngineAddress | undefined {
  try {
    return engineAddress(env, existsSync);
  } catch {
    return undefined;
  }
}
