import { expect, test } from 'vitest';
import { Netns } from '../../../test/support/netns.ts';
import { Guard } from '../../tunnel/guard.ts';
import { NetworkStack } from '../../tunnel/stack.ts';
import { pingTunnel } from './ping-tunnel.ts';
import type { Tunnel } from './tunnel.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

test.skipIf(missing !== undefined)(
  'a ping through a tunnel that somebody broke says that nothing can be sent',
  async () => {
    using room = Netns.create();
    using stack = new NetworkStack(room.namespace);
    const overlay = { local: '100.65.0.2', remote: '100.65.0.3' };
    // The way is there, and the guard lets nothing leave in clear text.
    room.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
    for (const name of ['v0', 'v1']) room.ip('link', 'set', name, 'up');
    room.ip('address', 'add', `${overlay.local}/32`, 'dev', 'lo');
    room.ip('route', 'add', overlay.remote, 'dev', 'v0', 'src', overlay.local);
    room.ip('neighbour', 'add', overlay.remote, 'lladdr', '02:00:00:00:00:01', 'dev', 'v0');
    await new Guard(stack).add(overlay, { by: 'ipsec' });
    const attachment = { namespace: () => room.namespace.duplicate() };
    const tunnel = { record: { peer: 'b', shape: { overlay } }, attachment } as unknown as Tunnel;
    await expect(pingTunnel(tunnel)).rejects.toMatchObject({
      code: 'WH_ERR_TUNNEL',
      message: expect.stringContaining('nothing can be sent to 100.65.0.3'),
    });
  },
);
