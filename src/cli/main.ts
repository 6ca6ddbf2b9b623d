#!/usr/bin/env node
/**
 * The program `wormhole`: the process around `run.ts`.
 *
 * Owns what only a process has: its streams, its signals, its exit code. The client is imported here and not when a verb
 * connects: modules that are loaded in one go are loaded sooner, and `ping` is to cost little more than Node itself.
 */
import { connect } from '../client/connect.ts';
import { Interrupt } from './interrupt.ts';
import { run } from './run.ts';

const interrupt = new AbortController();
// Once: a second signal finds no listener and ends the process at once.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort(new Interrupt(name)));
// A failed write is reported to whoever wrote; as an event it would be an uncaught error.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const code = await run({
  argv: process.argv.slice(2),
  env: process.env,
  workingDirectory: () => process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  connect: async (options) => connect(options),
  signal: interrupt.signal,
});
// All output has been written by now; what may still be open is a socket of no more use.
process.exit(code);
