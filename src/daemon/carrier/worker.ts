/**
 * The entry of the carrier's worker thread: the links to peers, and the data plane of connections that travel on them.
 *
 * Most daemons have no peers: what those need is loaded with the first one.
 */
import { parentPort } from 'node:worker_threads';
import type { Parts } from '../../carrier/parts.ts';
import type { OtherTls } from '../../carrier/secure-stream.ts';
import { serveCarrier } from '../../carrier/serve.ts';

if (parentPort === null) throw new Error('the carrier worker is a worker thread, not a program');

const parts = async (): Promise<Parts> => {
  const [{ StreamService }, { DatagramSockets }, { NativeSockets }] = await Promise.all([
    import('./stream-service.ts'),
    import('../../carrier/datagram/sockets.ts'),
    import('../../carrier/datagram/native-sockets.ts'),
  ]);
  return {
    makeStreams: (streams, links) => new StreamService(streams, links),
    sockets: new DatagramSockets(new NativeSockets()),
  };
};

let tls: Promise<OtherTls | undefined> | undefined;
const otherTls = (): Promise<OtherTls | undefined> => {
  tls ??= Promise.all([import('../../carrier/openssl/tls.ts'), import('../../carrier/near-tls.ts')])
    .then(([{ opensslTls }, { nearTls }]) => opensslTls() ?? nearTls)
    .catch(() => {
      // Out of descriptors, say: node's does as well, and the next one may have more luck.
      tls = undefined;
      return undefined;
    });
  return tls;
};

serveCarrier(parentPort, { parts, otherTls });
