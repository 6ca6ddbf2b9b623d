#!/usr/bin/env node
/**
 * The program `wormhole`: the process around `run.ts`.
 *
 * Owns what only a process has: its streams, its signals, its exit code. The client is loaded when a verb
 * connects, so that help and mistakes cost nothing.
 */
import type { ConnectOptions, Daemon } from './invocation.ts';
import { run } from './run.ts';

const interrupt = new AbortController();
// Once: a second interrupt finds no listener and ends the process at once.
process.once('SIGINT', () => interrupt.abort(new DOMException('interrupted', 'AbortError')));
// A failed write is reported to whoever wrote; as an event it would be an uncaught error.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const code = await run({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  connect: async (options: ConnectOptions): Promise<Daemon> => {
    const { connect } = await import('../client/index.ts');
    return connect(options);
  },
  signal: interrupt.signal,
});
// All output has been written by now; what may still be open is a socket of no more use.
process.exit(code);
