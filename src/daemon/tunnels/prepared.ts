/** What a peer has offered and not committed yet. */
import type { Scope } from '../../lib/scope.ts';
import type { TunnelOffer } from '../../spec/api.ts';
import type { TunnelHalf } from '../../tunnel/half.ts';
import type { Owner } from '../peers/owner.ts';
import type { Attachment } from './attachment.ts';
import type { TunnelRecord } from './record.ts';
import type { Tunnel } from './tunnel.ts';
import type { Places } from './tunnels.ts';

export interface Prepared {
  readonly owner: Owner;
  /** Of the daemon that has offered it. */
  readonly instance: string;
  readonly record: TunnelRecord;
  readonly half: TunnelHalf;
  readonly needs: Scope;
  readonly attachment: Attachment | undefined;
  /** Owns the attachment as long as nothing is installed. */
  readonly container: Scope;
  readonly timer: NodeJS.Timeout;
  /** The half, as it is installed or will be; undefined = not before the commit. */
  tunnel: Promise<Tunnel> | undefined;
  readonly done: Promise<void>;
  readonly over: () => void;
}

/** Where its ends are, as this end says it. */
export function placesOf({ attach, from }: TunnelOffer): Places {
  return { ...(attach !== undefined && { attach }), ...(from !== undefined && { peerAttach: from }) };
}
