/**
 * The entry of the carrier's worker thread: the links to peers, and the data plane of connections that travel on them.
 *
 * Most daemons have no peers: what those need is loaded with the first one.
 */
import { parentPort } from 'node:worker_threads';
import { serveCarrier } from '../../carrier/serve.ts';

if (parentPort === null) throw new Error('the carrier worker is a worker thread, not a program');

serveCarrier(parentPort, async () => {
  const [{ StreamService }, { DatagramSockets }, { NativeSockets }] = await Promise.all([
    import('./stream-service.ts'),
    import('../../carrier/datagram/sockets.ts'),
    import('../../carrier/datagram/native-sockets.ts'),
  ]);
  return {
    makeStreams: (streams, links) => new StreamService(streams, links),
    sockets: new DatagramSockets(new NativeSockets()),
  };
});
