/**
 * `logs [-f] [ID]`: the daemon's recent log lines, and with `--follow` those to come, also across its restarts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { LogLine } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import type { Daemon, Invocation, Sink } from '../invocation.ts';
import { type Format, logFormat } from '../log-line.ts';
import { painter } from '../paint.ts';
import { print } from '../print.ts';

/** Milliseconds between attempts to find a daemon that has gone. */
const retryMs = 500;
/** Lines that are known again when a daemon tells them once more: about as many as it keeps. */
const mostKnown = 16_384;

/** Prints one line per record: text, or with `--json` one JSON document. */
export async function logs(call: Invocation): Promise<number> {
  const { stdout, stderr, env, signal } = call.surroundings;
  const format: Format = call.json ? JSON.stringify : logFormat(painter(stdout, env));
  const show = (line: LogLine): Promise<void> => print(stdout, `${format(line)}\n`);
  const follow = call.flags['follow'] === true;
  const isNew = onceOnly();
  const id = call.words[0];

  // A daemon that was never there is a failure; one that was may come back.
  for (let [reached, away] = [false, false]; ; ) {
    let streaming = false;
    try {
      await using daemon = await call.open();
      if (follow) await daemon.health();
      if (follow && !reached && id !== undefined) await notYet(daemon, id, stderr);
      reached = true;
      away = false;
      streaming = true;
      const lines = daemon.logs({ follow, ...(id !== undefined && { id }) });
      let told = false;
      for await (const line of lines) {
        told = true;
        if (isNew(line)) await show(line);
      }
      // Of one that was deleted there may be lines; of one that never was there are none.
      if (!follow && !told && id !== undefined) await daemon.get(id);
      if (!follow) return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      if (!follow || !reached || !lost(error, streaming)) throw error;
    }
    if (signal.aborted) return 0;
    if (!away) await print(stderr, 'wormhole: the daemon has gone; waiting for it\n');
    away = true;
    await sleep(retryMs, undefined, { signal });
  }
}

/** Who waits for the lines of a wormhole should know when there is none of that name. */
async function notYet(daemon: Daemon, id: string, stderr: Sink): Promise<void> {
  try {
    await daemon.get(id);
  } catch (error) {
    // Whatever else it is, the stream of lines will tell.
    if (!WormholeError.is(error) || error.code !== 'WH_ERR_WORMHOLE_NOT_FOUND') return;
    await print(
      stderr,
      `wormhole: there is no wormhole ${printable(id)} now; its lines are shown when there are some\n`,
    );
  }
}

/** A stream that broke off is told as a breach of protocol; before there was one, it is what it says. */
function lost(error: unknown, streaming: boolean): boolean {
  if (!WormholeError.is(error)) return false;
  return error.code === 'WH_ERR_DAEMON_UNREACHABLE' || (streaming && error.code === 'WH_ERR_PROTOCOL');
}

/** After a reconnect the daemon tells its recent lines again: passes only what was not shown yet. The clock may be set back meanwhile. */
function onceOnly(): (line: LogLine) => boolean {
  const shown = new Set<string>();
  return (line) => {
    const text = JSON.stringify(line);
    if (shown.has(text)) return false;
    shown.add(text);
    const [oldest] = shown.size > mostKnown ? shown : [];
    if (oldest !== undefined) shown.delete(oldest);
    return true;
  };
}
