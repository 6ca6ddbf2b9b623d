/** What a security association is said to have carried: set, as if it had, in the kernel's own counter. */
import { NETLINK_XFRM, NetlinkSocket } from '../../src/sys/netlink/netlink-socket.ts';
import { attribute } from '../../src/sys/netlink/wire.ts';
import { allSas, getSa, readSaMessage } from '../../src/sys/netlink/xfrm-state.ts';
import type { Netns } from './netns.ts';

/** Of linux/xfrm.h, linux/netlink.h. */
const [XFRM_MSG_NEWAE, XFRMA_LTIME_VAL, NLM_F_REPLACE] = [0x1e, 9, 0x100];

/** All of them in a network have carried so much. */
export async function setCarried({ namespace }: Pick<Netns, 'namespace'>, bytes: number): Promise<number> {
  using xfrm = new NetlinkSocket(NETLINK_XFRM, namespace);
  const all = await xfrm.dump(allSas(), readSaMessage);
  for (const sa of all) {
    // xfrm_aevent_id: xfrm_usersa_id:24 saddr:16 flags:u32 reqid:u32; xfrm_lifetime_cur: bytes packets added used, u64 each.
    const now = Buffer.alloc(32);
    now.writeBigUInt64LE(BigInt(bytes));
    const body = Buffer.concat([getSa(sa).body, Buffer.alloc(24), attribute(XFRMA_LTIME_VAL, now)]);
    await xfrm.ask({ what: 'set a counter', type: XFRM_MSG_NEWAE, flags: NLM_F_REPLACE, body });
  }
  return all.length;
}
