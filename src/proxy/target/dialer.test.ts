import { closeSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Netns } from '../../../test/support/netns.ts';
import { dupFd } from '../../sys/dup.ts';
import { Errno } from '../../sys/errno.ts';
import { Dialer } from './dialer.ts';
import { TargetSet } from './target-set.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('the interface of a link-local target', () => {
  test('is looked for at each dial, in the namespace of the target; without it the dial fails', () => {
    using room = Netns.create();
    const set = new TargetSet();
    const dialer = new Dialer();
    const home = readlinkSync('/proc/thread-self/ns/net');
    const dial = (): number => {
      const [target] = set.replace([
        {
          member: 0,
          label: 'm0',
          namespaceFd: dupFd(room.namespace.fd).release(),
          address: { kind: 'ip', host: 'fe80::1%wh-ll', port: 80 },
        },
      ]);
      if (target === undefined) throw new Error('no target');
      const stream = dialer.dial(target);
      const datagram = dialer.dialDatagram(target);
      for (const fd of [stream, datagram]) if (fd >= 0) closeSync(fd);
      expect(Math.sign(stream)).toBe(Math.sign(datagram));
      return datagram;
    };
    try {
      expect(dial()).toBe(-Errno.ENODEV);
      room.ip('link', 'add', 'wh-ll', 'index', '4712', 'type', 'veth', 'peer', 'name', 'wh-ll-peer');
      room.ip('address', 'add', 'fe80::1/64', 'dev', 'wh-ll', 'nodad');
      room.ip('link', 'set', 'wh-ll', 'up');
      room.ip('link', 'set', 'wh-ll-peer', 'up');
      expect(dial()).toBeGreaterThan(0);
      room.ip('link', 'delete', 'wh-ll');
      expect(dial()).toBe(-Errno.ENODEV);
      expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
    } finally {
      set.close();
    }
  });
});
