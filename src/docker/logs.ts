/** The log of a container, followed. Nothing is read ahead of who reads the lines, so the engine waits with the rest. */
import type { ContainerInspectInfo } from 'dockerode';
import { within } from '../lib/deadline.ts';
import { WormholeError } from '../lib/errors.ts';
import type { EngineCalls } from './calls.ts';
import { LogLines } from './demultiplex.ts';
import { statusOf } from './failure.ts';
import { inspect } from './lifecycle.ts';
import { refused } from './refusal.ts';

/**
 * Milliseconds before a container's start from which its lines are taken.
 *
 * The engine stamps a start when it has heard of it, and a line when it has read it: what a container writes at once
 * was measured up to 13 ms older than its own start, in half of all starts; the last line of the run before up to 2 ms
 * younger than the end of that. So between two runs that follow each other closely the border is in the middle.
 */
const startSlackMs = 2000;
/** The same for one that has ended: when the run before ended is not known any more, but none is started again so soon. */
const endedSlackMs = 100;

/**
 * Lines up to which a log is read a second time when its container has ended.
 *
 * An engine before Docker 23 closes a log that is followed with the end of the container, whether or not its last lines
 * have been sent: the very ones that say why it ended.
 */
const mostReadAgain = 10_000;

export async function* logs(
  calls: EngineCalls,
  id: string,
  since: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const info = await inspect(calls, id, signal);
  if (info === undefined) throw new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `no container ${id}`);
  const { Tty: tty } = info.Config;
  const from = sinceOf(info, since);
  const lines = new LogLines(tty);
  let given = 0;
  for await (const line of read(calls, id, from, lines, signal)) {
    given += 1;
    yield line;
  }
  if (given <= mostReadAgain && (await inspect(calls, id, signal))?.State.Running === false) {
    const again = new LogLines(tty);
    try {
      for await (const line of read(calls, id, from, again, signal)) {
        if (given > 0) given -= 1;
        else yield line;
      }
      yield* again.end();
      return;
    } catch (error) {
      // It was removed in between: what came the first time has to do.
      if (signal.aborted) throw error;
    }
  }
  yield* lines.end();
}

/** Lines as they are completed; what is not completed stays in `lines`. */
async function* read(
  calls: EngineCalls,
  id: string,
  since: string,
  lines: LogLines,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  try {
    using opened = await calls.open(
      signal,
      async (docker, abortSignal) => {
        const options = { stdout: true, stderr: true, since, follow: true, abortSignal } as unknown as LogsOptions;
        try {
          return await docker.getContainer(id).logs(options);
        } catch (error) {
          throw notReadable(error, id);
        }
      },
      // Podman begins its answer with the first line.
      Infinity,
    );
    for (;;) {
      const { done, value } = await within(opened.signal, opened.chunks.next());
      if (done === true) break;
      if (value instanceof Uint8Array) yield* lines.push(value);
    }
  } catch (error) {
    throw calls.failure(error, signal);
  }
}

/** `follow: true` decides between two declarations of the same call; `since` is more exact than its type. */
interface LogsOptions {
  readonly follow: true;
  readonly stdout: true;
  readonly stderr: true;
}

function notReadable(error: unknown, id: string): unknown {
  if (statusOf(error) === 404) return refused(error, 'WH_ERR_CONTAINER_NOT_FOUND', `no container ${id}`);
  return refused(error, 'WH_ERR_UNSUPPORTED', `the log of the container ${id} cannot be read`);
}

/** Since when, as the API wants it: seconds of Unix time with up to nine digits behind the point. */
function sinceOf(info: ContainerInspectInfo, given: string): string {
  const { StartedAt: startedAt, FinishedAt: finishedAt, Running: running } = info.State;
  if (given !== '' && given !== startedAt) return exactly(given);
  const start = unixMs(startedAt);
  const end = unixMs(finishedAt);
  // An end may be stamped before its own start.
  const from = running ? Math.max(start - startSlackMs, (start + end) / 2) : Math.min(start, end) - endedSlackMs;
  return (Math.max(0, from) / 1000).toFixed(6);
}

/** RFC 3339 in milliseconds; 0 for what is none, and for Docker's "never", which is before 1970. */
function unixMs(text: string): number {
  const ms = Date.parse(text);
  return ms > 0 ? ms : 0;
}

/** RFC 3339 in seconds, its fraction as it was written: a double cannot hold nanoseconds. */
function exactly(text: string): string {
  const fraction = /\.\d{1,9}(?=\d*(?:Z|[+-]\d\d:\d\d)$)/i.exec(text)?.[0] ?? '';
  return `${Math.floor(unixMs(text) / 1000)}${fraction}`;
}
