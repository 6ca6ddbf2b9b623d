/**
 * A `connect` tail as its route takes it: how clients are asked, and where a destination that one of them names is.
 */
import { CredentialsFile } from '../../proxy/connect/credentials-file.ts';
import type { NamedTargets, RouteOptions } from '../../proxy/route.ts';
import type { TailPlan } from '../../spec/plan.ts';
import type { Permit } from '../policy/permit.ts';
import type { Member } from './member.ts';
import type { Tail } from './tail.ts';

/** Milliseconds that a client has to say where it wants to go. */
const DEADLINE_MS = 10_000;

/** @returns what a route of this tail needs for that; undefined when the tail has a target of its own */
export function connectOptions(
  { targets, auth }: TailPlan,
  tail: Tail,
  [member]: readonly Member[],
): Pick<RouteOptions, 'connect' | 'askDestination'> | undefined {
  const kind = targets[0]?.connect;
  if (kind === undefined) return undefined;
  return {
    connect: { kind, deadlineMs: DEADLINE_MS, ...(auth !== undefined && { auth }) },
    askDestination: async (destination, _client, signal): Promise<NamedTargets> => {
      // Whatever the tail has to start first is started, and it is somewhere.
      (await tail.ask(signal)).connected?.socket[Symbol.dispose]();
      const found = await member?.destination(destination, signal);
      return found ?? { targets: [], validForMs: 0 };
    },
  };
}

/** Asked about each address of a destination: what clients may, and what whoever made the wormhole may. */
export function clientsPermit(owner: Permit | undefined, clients: Permit['dial']): Permit['dial'] {
  return (target) => {
    clients(target);
    owner?.dial(target);
  };
}

/** @throws {WormholeError} WH_ERR_FILE when the file of users cannot be used */
export function checkAuth({ auth }: TailPlan): void {
  if (auth !== undefined) new CredentialsFile(auth).read();
}
