/** The entry of the carrier's worker thread: the links to peers, and the data plane of connections that travel on them. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { NativeSockets } from '../../carrier/datagram/native-sockets.ts';
import { DatagramSockets } from '../../carrier/datagram/sockets.ts';
import { serveCarrier } from '../../carrier/serve.ts';
import { StreamService } from './stream-service.ts';

if (parentPort === null) throw new Error('the carrier worker is a worker thread, not a program');

serveCarrier(
  parentPort,
  (streams: MessagePort | undefined, links) => new StreamService(streams, links),
  new DatagramSockets(new NativeSockets()),
);
