/**
 * One call of the control API: connect, send, wait, read, judge, close.
 */
import type { Duplex } from 'node:stream';
import { WormholeError } from '../lib/errors.ts';
import { fromProblem } from '../lib/problem.ts';
import { malformed } from './byte-source.ts';
import { CallDeadline } from './call-deadline.ts';
import { dial } from './dial.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { exchange, type HttpResponse } from './http.ts';
import { collect } from './http-body.ts';
import type { HttpRequest } from './http-request.ts';
import { type AnyShape, checkShape } from './shapes.ts';

/** Bytes of a JSON answer. */
const maxAnswerBytes = 64 * 1_048_576;

/** Per call; both optional. */
export interface CallOptions {
  /** Aborts the call with WH_ERR_ABORTED. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, of `logs` until its first byte; 0 = no limit. Default: that of `connect`. */
  readonly timeoutMs?: number;
}

export interface CallTarget {
  readonly endpoint: Endpoint;
  /** True when nobody named the endpoint. */
  readonly guessed: boolean;
  readonly keyFile?: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Aborts every call. */
  readonly signal?: AbortSignal;
}

interface TimedOptions extends CallOptions {
  readonly onTimes?: (times: { readonly connectMs: number; readonly rttMs: number }) => void;
}

/** Makes calls to one daemon; each on a connection of its own. */
export class Call {
  readonly #target: CallTarget;
  readonly #closing: AbortSignal;

  /** @param closing aborts every call, like `target.signal` */
  constructor(target: CallTarget, closing: AbortSignal) {
    this.#target = target;
    this.#closing = closing;
  }

  get address(): string {
    return formatEndpoint(this.#target.endpoint);
  }

  /** A call with one JSON object as answer. */
  async json<T extends object>(request: HttpRequest, shape: AnyShape, options: TimedOptions = {}): Promise<T> {
    using deadline = this.#deadline(request, options);
    const begun = performance.now();
    const stream = await this.#dial(deadline.signal);
    try {
      const connected = performance.now();
      const response = await exchange(stream, request);
      const answer = await readJson(response);
      options.onTimes?.({ connectMs: connected - begun, rttMs: performance.now() - connected });
      if (response.status < 200 || response.status > 299) throw fromProblem(answer);
      checkShape(answer, shape);
      return answer as T;
    } finally {
      stream.destroy();
    }
  }

  /** A call with one JSON object per line as answer. */
  async *lines<T extends object>(
    request: HttpRequest,
    shape: AnyShape,
    options: CallOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    const { ndjson } = await import('./ndjson.ts');
    using deadline = this.#deadline(request, options);
    const stream = await this.#dial(deadline.signal);
    try {
      const response = await exchange(stream, { ...request, headers: { Accept: 'application/x-ndjson' } });
      if (response.status !== 200) throw fromProblem(await readJson(response));
      expectType(response, /^application\/x-ndjson\b/);
      deadline.disarm();
      for await (const line of ndjson(response.body)) {
        if (typeof line !== 'object' || line === null) throw malformed('a line is not an object');
        checkShape(line, shape);
        yield line as T;
      }
    } finally {
      stream.destroy();
    }
  }

  #deadline(request: HttpRequest, options: CallOptions): CallDeadline {
    const ms = options.timeoutMs ?? this.#target.timeoutMs;
    const what = `${request.method} ${request.target.split('?')[0]} on ${this.address}`;
    return new CallDeadline(ms, what, [this.#closing, this.#target.signal, options.signal]);
  }

  async #dial(signal: AbortSignal): Promise<Duplex> {
    try {
      return await dial(this.#target.endpoint, this.#target.keyFile, signal);
    } catch (error) {
      throw this.#target.guessed && this.#target.keyFile === undefined ? unguess(error) : error;
    }
  }
}

/** Whoever named nothing and has no key meant the local daemon, which is not there. */
function unguess(error: unknown): unknown {
  if (!WormholeError.is(error) || error.code !== 'WH_ERR_KEY_FILE') return error;
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'ENOENT' && code !== 'EACCES') return error;
  const text = 'there is no local daemon socket; is wormholed running? try: systemctl start wormholed';
  return new WormholeError('WH_ERR_DAEMON_UNREACHABLE', text, { cause: error });
}

async function readJson(response: HttpResponse): Promise<object> {
  expectType(response, /^application\/(?:problem\+)?json\b/);
  const bytes = await collect(response.body, maxAnswerBytes);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw malformed('its body is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw malformed('its body is not an object');
  return value;
}

function expectType(response: HttpResponse, type: RegExp): void {
  if (!type.test(response.headers.get('content-type') ?? '')) throw malformed('its content type is unexpected');
}
