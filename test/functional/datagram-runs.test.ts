/**
 * Runs of datagrams where the interface's packets are small: in a namespace whose loopback has the MTU of Ethernet.
 */
import { expect, test } from 'vitest';
import { AF_INET, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IPPROTO_IP, SOCK_DGRAM } from '../../src/sys/constants.ts';
import { DatagramBatch } from '../../src/sys/mmsg.ts';
import { type Destination, SegmentBatch } from '../../src/sys/segments.ts';
import { encodeIp } from '../../src/sys/sockaddr.ts';
import { bindIp, localEndpoint, setOption, socketIn } from '../../src/sys/sockets.ts';
import { Netns } from '../support/netns.ts';

const missing = Netns.missing();

test.skipIf(missing !== undefined)(
  'datagrams that are cut on their way all arrive, and those that are not stay runs',
  () => {
    using netns = Netns.create();
    netns.ip('link', 'set', 'lo', 'up', 'mtu', '1500');
    using _inside = netns.enter();
    using from = socketIn(undefined, AF_INET, SOCK_DGRAM);
    using to = socketIn(undefined, AF_INET, SOCK_DGRAM);
    setOption(from.fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    bindIp(to.fd, { host: '127.0.0.1', port: 0 });
    const { port } = localEndpoint(to.fd) ?? { port: 0 };
    const there: Destination = { name: encodeIp({ host: '127.0.0.1', port }), control: Buffer.alloc(0) };
    const sending = new SegmentBatch(256 << 10, 8);
    const receiving = new DatagramBatch(32);
    for (const [size, largest] of [
      [4_000, 3_999],
      [1_473, 1_472],
      [1_472, 1_472],
    ] as const) {
      for (let at = 0; at < 5; at += 1) sending.add(Buffer.alloc(size, at), there);
      sending.flushOrDrop(from.fd);
      expect(there.largest).toBe(largest);
      const count = receiving.receive(to.fd);
      const heard = Array.from({ length: count }, (_, i) => [receiving.length(i), receiving.bytes(i)[0]]);
      receiving.rearm(count);
      expect(heard).toEqual(Array.from({ length: 5 }, (_, at) => [size, at]));
    }
  },
);
