/** All kinds of sockets pass one suite. */
import { NativeSockets } from '../../src/carrier/datagram/native-sockets.ts';
import { NodeSockets } from '../../src/carrier/datagram/node-sockets.ts';
import { datagramSocketSuite } from './datagram-sockets.ts';

datagramSocketSuite('native', () => new NativeSockets());
datagramSocketSuite('native, read by libuv', () => new NativeSockets(null));
datagramSocketSuite('node:dgram', () => new NodeSockets());
