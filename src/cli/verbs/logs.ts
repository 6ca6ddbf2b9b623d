/**
 * `logs [-f] [ID]`: the daemon's recent log lines, and with `--follow` those to come, also across its restarts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { LogLine } from '../../spec/api.ts';
import type { Invocation } from '../invocation.ts';
import { type Format, logFormat } from '../log-line.ts';
import { painter } from '../paint.ts';
import { print } from '../print.ts';

/** Milliseconds between attempts to find a daemon that has gone. */
const retryMs = 500;

/** Prints one line per record: text, or with `--json` one JSON document. */
export async function logs(call: Invocation): Promise<number> {
  const { stdout, stderr, env, signal } = call.surroundings;
  const format: Format = call.json ? JSON.stringify : logFormat(painter(stdout, env));
  const show = (line: LogLine): Promise<void> => print(stdout, `${format(line)}\n`);
  const follow = call.flags['follow'] === true;
  const seen = newerOnly();

  // A daemon that was never there is a failure; one that was may come back.
  for (let reached = false; ; ) {
    let streaming = false;
    try {
      await using daemon = await call.open();
      if (follow) await daemon.health();
      reached = true;
      streaming = true;
      const lines = daemon.logs({ follow, ...(call.words[0] !== undefined && { id: call.words[0] }) });
      for await (const line of lines) {
        if (seen(line)) await show(line);
      }
      if (!follow) return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      if (!follow || !reached || !lost(error, streaming)) throw error;
    }
    if (signal.aborted) return 0;
    await print(stderr, `wormhole: the daemon has gone; waiting for it\n`);
    await sleep(retryMs, undefined, { signal });
  }
}

/** A stream that broke off is told as a breach of protocol; before there was one, it is what it says. */
function lost(error: unknown, streaming: boolean): boolean {
  if (!WormholeError.is(error)) return false;
  return error.code === 'WH_ERR_DAEMON_UNREACHABLE' || (streaming && error.code === 'WH_ERR_PROTOCOL');
}

/** After a reconnect the daemon tells its recent lines again: passes only what was not shown yet. */
function newerOnly(): (line: LogLine) => boolean {
  let lastMs = -Infinity;
  let atLastMs = new Set<string>();
  return (line) => {
    if (line.timeMs < lastMs) return false;
    if (line.timeMs > lastMs) {
      lastMs = line.timeMs;
      atLastMs = new Set();
    }
    const text = JSON.stringify(line);
    if (atLastMs.has(text)) return false;
    atLastMs.add(text);
    return true;
  };
}
