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
 * Seconds before a container's start from which its lines are taken.
 *
 * The engine stamps a start when it has heard of it, a line when it has read it; what a container writes at once may
 * be older than its own start. Lines of the run before are kept out by the time when that ended.
 */
const startSlackSeconds = 2;

export async function* logs(
  calls: EngineCalls,
  id: string,
  since: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const info = await inspect(calls, id, signal);
  if (info === undefined) throw new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `no container ${id}`);
  const lines = new LogLines(info.Config.Tty);
  try {
    using opened = await calls.open(
      signal,
      async (docker, abortSignal) => {
        const which = { stdout: true, stderr: true, since: sinceOf(info, since) };
        const options = { ...which, follow: true, abortSignal } as unknown as LogsOptions;
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
    yield* lines.end();
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
  const { StartedAt: startedAt, FinishedAt: finishedAt } = info.State;
  if (given !== '' && given !== startedAt) return show(unixTime(given));
  const from = earlier(unixTime(startedAt), startSlackSeconds);
  const before = unixTime(finishedAt);
  return show(isLater(before, from) && isLater(unixTime(startedAt), before) ? before : from);
}

/** Whole seconds and the digits of the fraction: a double cannot hold nanoseconds. */
interface UnixTime {
  readonly seconds: number;
  readonly nanos: string;
}

/** Of RFC 3339. Zero for what is none, and for Docker's "never", which is before 1970. */
function unixTime(text: string): UnixTime {
  const fraction = /\.(\d{1,9})\d*(?=Z|[+-]\d\d:\d\d$)/.exec(text);
  const seconds = Date.parse(fraction === null ? text : text.replace(fraction[0], '')) / 1000;
  if (!(seconds > 0)) return { seconds: 0, nanos: '' };
  return { seconds, nanos: fraction?.[1] ?? '' };
}

function earlier(time: UnixTime, seconds: number): UnixTime {
  return { ...time, seconds: Math.max(0, time.seconds - seconds) };
}

function isLater(a: UnixTime, b: UnixTime): boolean {
  return a.seconds === b.seconds ? a.nanos.padEnd(9, '0') > b.nanos.padEnd(9, '0') : a.seconds > b.seconds;
}

function show({ seconds, nanos }: UnixTime): string {
  return nanos === '' ? String(seconds) : `${seconds}.${nanos.padEnd(9, '0')}`;
}
