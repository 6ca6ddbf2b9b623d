/** The operations of the control API that are about invitations. */
import type { Engine } from '../../docker/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import { parseAddress } from '../../spec/address.ts';
import { formatHost, parsePort, splitHostPort } from '../../spec/host.ts';
import type { Operations } from '../api/operations.ts';
import type { Settings, TcpAddress } from '../config/settings.ts';
import type { Tunneling } from '../tunnels/tunneling.ts';
import type { Invitations } from './invitations.ts';

export interface OperateInvitationsOptions {
  readonly invitations: Invitations;
  readonly tunneling: Pick<Tunneling, 'ensure'>;
  readonly settings: Pick<Settings, 'tunnels'>;
  readonly engine: Pick<Engine, 'find'>;
  /** Control addresses that are open. */
  readonly bound: () => readonly TcpAddress[];
}

export type InvitationOperations = Pick<Operations, 'invite' | 'withdraw' | 'acceptInvitation' | 'joinInvitation'>;

export function invitationOperations(options: OperateInvitationsOptions): InvitationOperations {
  const { invitations, tunneling, engine } = options;
  return {
    invite: async ({ endpoint, seconds, attach }, { signal }) => {
      const at = endpointOf(endpoint, options);
      // Told now, and not to the host that comes.
      if (attach !== undefined) await engine.find(attach, signal);
      const { token, identity: id, expires } = await invitations.invite(at, seconds, attach);
      const shown = `${formatHost(at.host)}:${at.port}`;
      return { token, id, endpoint: shown, expiresAt: new Date(expires * 1000).toISOString() };
    },
    acceptInvitation: async ({ publicKey }, caller) => {
      const attach = await invitations.accepted(publicKey, caller);
      return { accepted: true, ...(attach !== undefined && { attach }) };
    },
    withdraw: async (identity) => ({ withdrawn: await invitations.withdraw(identity) }),
    joinInvitation: async ({ token, ...wish }, { signal }) => {
      const { peer, attach: peerAttach } = await invitations.join(token, signal);
      const places = { ...wish, ...(peerAttach !== undefined && { peerAttach }) };
      const request = { type: 'wireguard', ...places, peer: parseAddress(peer.name) } as const;
      return await (await tunneling.ensure(request, signal)).describe();
    },
  };
}

/** By which the command line shows the usage of the right command. */
const detail = { detail: { verb: 'wg-up' } } as const;

/** Where the invited host is to dial this one. @throws {WormholeError} WH_ERR_USAGE when nobody could */
function endpointOf(
  text: string | undefined,
  { settings, bound }: OperateInvitationsOptions,
): { readonly host: string; readonly port: number } {
  const open = bound().find(({ host }) => !/^(127\.|::1$|localhost$)/.test(host));
  if (open === undefined) {
    throw new WormholeError('WH_ERR_USAGE', 'nobody can dial this daemon; start wormholed with -H :9999', detail);
  }
  const { externalIp, internalIp } = settings.tunnels;
  const own = open.host === '' || open.host === '::' || open.host === '0.0.0.0' ? undefined : open.host;
  const said = text ?? externalIp ?? internalIp ?? own;
  if (said === undefined) {
    throw new WormholeError(
      'WH_ERR_USAGE',
      'say where the other host reaches this one: --endpoint HOST[:PORT]',
      detail,
    );
  }
  const { host, port } = text === undefined ? { host: said, port: undefined } : splitHostPort(said);
  if (host === '') throw new WormholeError('WH_ERR_USAGE', '--endpoint names no host', detail);
  return { host, port: port === undefined || port === '' ? open.port : parsePort(port) };
}
