/**
 * What is spoken on the streams of a connection, by ALPN.
 *
 *   wormhole-quic/1      opener:  version:1 data… last:1+end      other end:  data… last:1+end
 *   quic-echo-example    data… end                                 (gardener's tunnel)
 *
 * The first byte lets the other end know of the stream before there is data: a service that speaks first would else never
 * be connected to. The last byte, sent with the end, tells an end from a loss: see `stream.ts`. It is cut off again.
 */

/** Between two daemons, framed in the same way: see `../lane/`. */
export const peerAlpn = 'wormhole-peer/1';
/** Between our own ends. */
export const ownAlpn = 'wormhole-quic/1';
/** Of gardener's quic-reverse-http-tunnel, whose author took it from an example. */
export const gardenerAlpn = 'quic-echo-example';

export const VERSION = Buffer.from([1]);
export const LAST = Buffer.from([0]);
