/**
 * What `forward` shows while it runs: a line for what happens, and on a terminal one below them for how things are.
 *
 * Lines go to stderr; with `--json` to stdout, one document each, as `logs --json` prints them.
 */
import type { ForwardEvent, ForwardStatus, MappingStatus } from '../agent/forward/index.ts';
import { LineRate } from '../lib/line-rate.ts';
import type { LogLine } from '../spec/api.ts';
import { printable } from '../spec/invalid.ts';
import type { Invocation } from './invocation.ts';
import { LiveLine } from './live-line.ts';
import { logFormat } from './log-line.ts';
import { painter } from './paint.ts';
import { bytes, millis } from './units.ts';

/** States of the far end in which connections wait or fail. */
const TROUBLE: ReadonlySet<string> = new Set<MappingStatus['state']>(['waiting', 'gone', 'failed', 'deleted']);

type Told = Pick<LogLine, 'level' | 'msg' | 'facts'>;

export class ForwardView implements Disposable {
  readonly #tell: (line: LogLine) => void;
  readonly #line: LiveLine | undefined;
  readonly #quiet: boolean;
  readonly #verbose: boolean;
  /** Connections that fail may be many. */
  readonly #rate = new LineRate();
  #lastFailure = '';

  constructor({ json, verbose, flags, surroundings }: Invocation) {
    const { stdout, stderr, env } = surroundings;
    const format = logFormat(painter(stderr, env));
    this.#quiet = flags['quiet'] === true;
    this.#verbose = verbose;
    this.#line = stderr.isTTY === true && !json && !this.#quiet ? new LiveLine(stderr) : undefined;
    const above = this.#line;
    if (json) this.#tell = (line) => void stdout.write(`${JSON.stringify(line)}\n`, () => undefined);
    else if (above !== undefined) this.#tell = (line) => above.above(format(line));
    else this.#tell = (line) => void stderr.write(`${format(line)}\n`, () => undefined);
  }

  event(event: ForwardEvent): void {
    const told = this.#lineOf(event);
    if (told !== undefined) this.say(told.level, told.msg, told.facts);
  }

  say(level: LogLine['level'], msg: string, facts: LogLine['facts'] = {}): void {
    if (this.#quiet && level === 'info') return;
    this.#tell({ timeMs: Date.now(), level, msg, facts });
  }

  status(status: ForwardStatus): void {
    this.#line?.show(describe(status));
  }

  /** Wipes the last line off; it may be shown again. */
  [Symbol.dispose](): void {
    this.#line?.[Symbol.dispose]();
  }

  #lineOf(event: ForwardEvent): Told | undefined {
    switch (event.kind) {
      case 'up':
        this.#lastFailure = '';
        return {
          level: 'info',
          msg: `linked with ${event.peer}`,
          facts: { address: event.address, version: event.version },
        };
      case 'lost':
        return {
          level: 'warn',
          msg: 'the connection broke; another one is looked for',
          facts: { reason: event.reason },
        };
      case 'resumed':
        return { level: 'info', msg: 'goes on over another connection, nothing is lost', facts: {} };
      case 'down':
        return { level: 'warn', msg: 'the link is over; a new one is looked for', facts: { reason: event.reason } };
      case 'failed': {
        const { message, code } = event.error;
        if (message === this.#lastFailure) return undefined;
        this.#lastFailure = message;
        return { level: 'warn', msg: `not yet: ${message}`, facts: { code } };
      }
      case 'told': {
        const { mapping, state, reason } = event;
        const level = TROUBLE.has(state) ? 'warn' : 'info';
        return { level, msg: `${mapping} is ${state} there`, facts: reason === '' ? {} : { reason } };
      }
      case 'closed':
        return this.#closed(event);
      default:
        return event satisfies never;
    }
  }

  #closed({ mapping, connection }: Extract<ForwardEvent, { kind: 'closed' }>): Told | undefined {
    const { client, reason, detail, bytesIn, bytesOut, durationMs } = connection;
    const failed = connection.dialMs < 0 && reason !== 'client-gone' && reason !== 'closed-by-daemon';
    if (!failed && !this.#verbose) return undefined;
    const suppressed = failed ? this.#rate.take() : 0;
    if (suppressed === undefined) return undefined;
    const facts = {
      mapping,
      client,
      reason,
      ...(detail !== '' && { detail }),
      ...(suppressed > 0 && { suppressed }),
      ...(!failed && { bytesIn, bytesOut, ms: Math.round(durationMs) }),
    };
    return {
      level: failed ? 'warn' : 'info',
      msg: failed ? 'a connection reached nothing' : 'connection closed',
      facts,
    };
  }
}

/** e.g. `3306:container/db:3306 waiting: container db is not running`. */
function farOf({ text, state, reason }: MappingStatus): string {
  return `${printable(text)} ${state}${reason === '' ? '' : `: ${printable(reason)}`}`;
}

/** e.g. `db-host up | 3 open, 120 in all | 1.2MiB there, 4.5MiB back | rtt 12.3ms | broke 1, resumed 1`. */
export function describe({ state, reason, peer, rttMs, lost, resumed, mappings }: ForwardStatus): string {
  const sum = (key: 'connectionsOpen' | 'connectionsTotal' | 'bytesIn' | 'bytesOut'): number =>
    mappings.reduce((total, mapping) => total + mapping[key], 0);
  const what = state === 'up' || reason === '' ? state : `${state}: ${printable(reason)}`;
  return [
    `${printable(peer)} ${what}`.trim(),
    ...mappings.filter((one) => TROUBLE.has(one.state) || one.state === 'starting').map(farOf),
    `${sum('connectionsOpen')} open, ${sum('connectionsTotal')} in all`,
    `${bytes(sum('bytesIn'))} there, ${bytes(sum('bytesOut'))} back`,
    `rtt ${millis(rttMs)}`,
    ...(lost > 0 ? [`broke ${lost}, resumed ${resumed}`] : []),
  ].join(' | ');
}
