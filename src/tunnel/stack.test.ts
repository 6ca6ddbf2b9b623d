import { afterEach, describe, expect, test, vi } from 'vitest';
import { Netns } from '../../test/support/netns.ts';
import { changeLink } from '../sys/netlink/link.ts';
import { NetlinkSocket } from '../sys/netlink/netlink-socket.ts';
import { NetworkStack } from './stack.ts';

afterEach(() => void vi.restoreAllMocks());

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('the network stack of a namespace', () => {
  test('is asked once about an interface that many tunnels share, and again after a change', async () => {
    using room = Netns.create();
    using stack = new NetworkStack(room.namespace);
    const asked = vi.spyOn(NetlinkSocket.prototype, 'get');
    const looks = (): Promise<unknown> => Promise.all(Array.from({ length: 100 }, () => stack.linkAgain('lo')));
    await looks();
    expect(asked).toHaveBeenCalledTimes(1);
    const found = await stack.linkAgain('lo');
    if (found === undefined) throw new Error('there is no lo');
    await stack.route.ask(changeLink(found, { mtu: 1400 }));
    expect((await stack.linkAgain('lo'))?.mtu).toBe(1400);
    expect(await stack.linkAgain('wh0')).toBeUndefined();
  });
});
