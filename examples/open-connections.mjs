/**
 * Example of the client library: prints how many connections go through each wormhole, every second, until ^C.
 *
 * Usage: node examples/open-connections.mjs (as root or in the group wormhole; WORMHOLE_SOCKET names another daemon)
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, WormholeError } from 'wormhole/client';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

const socketPath = process.env.WORMHOLE_SOCKET;
const client = await connect({ signal: interrupt.signal, timeoutMs: 5000, ...(socketPath && { socketPath }) });

try {
  for (;;) {
    const { wormholes } = await client.list();
    for (const { id, state, url, stats } of wormholes) {
      console.log(`${id}  ${state}  ${url}  ${stats.connectionsOpen} open, ${stats.connectionsTotal} in all`);
    }
    await pause(1000, undefined, { signal: interrupt.signal });
  }
} catch (error) {
  if (interrupt.signal.aborted) process.exitCode = 0;
  else if (WormholeError.is(error)) {
    console.error(`${error.message} [${error.code}]`);
    process.exitCode = error.exitCode;
  } else throw error;
}
