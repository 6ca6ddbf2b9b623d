/**
 * A portable data plane at the end of a message port, in a thread of its own.
 *
 * Owns the routes that were opened over the port, and what their targets need: namespaces and roots.
 */
import type { MessagePort } from 'node:worker_threads';
import { OwnedFd } from '../../sys/fd.ts';
import type { WireRouteOptions } from '../messages.ts';
import type { PortableDataPlane, PortableRoute } from '../portable/plane.ts';
import type { ConnectionRecord, RouteOptions, Targets, UpstreamTarget } from '../route.ts';
import type { DialTarget } from '../target/dialer.ts';
import { TargetSet } from '../target/target-set.ts';
import type { FromPlane, ToPlane, WireAnswer } from './messages.ts';

/** Milliseconds between two reports of counters that have changed. */
const REPORT_MS = 50;
/** Records that are gathered into one message. */
const RECORDS_MAX = 256;

export interface ServedPlane {
  /** @returns the route of that number, for clients that come otherwise than through a listener */
  route(number: number): PortableRoute | undefined;
  /** Ends all routes, and the port. */
  close(): Promise<void>;
}

/** Serves `plane` at `port`. */
export function servePlane(plane: PortableDataPlane, port: MessagePort): ServedPlane {
  const routes = new Map<number, ServedRoute>();
  const post = (message: FromPlane): void => port.postMessage(message);
  port.on('message', (message: ToPlane) => {
    if (message.type === 'open') {
      routes.set(message.route, new ServedRoute(message.route, message.options, plane, post));
      return;
    }
    const route = routes.get(message.route);
    if (route === undefined) {
      if ('seq' in message) post({ type: 'ack', seq: message.seq, route: message.route });
      return;
    }
    void route.obey(message).then((over) => over && routes.delete(message.route));
  });
  const timer = setInterval(() => {
    for (const route of routes.values()) route.report();
  }, REPORT_MS);
  timer.unref();
  return {
    route: (number) => routes.get(number)?.route,
    async close() {
      clearInterval(timer);
      await plane[Symbol.asyncDispose]();
      port.close();
    },
  };
}

/** One route over the port. */
class ServedRoute {
  readonly #number: number;
  readonly #post: (message: FromPlane) => void;
  readonly #opening: Promise<PortableRoute>;
  readonly #targets = new TargetSet();
  readonly #questions = new Map<number, { answer(targets: Targets): void; refuse(reason: string): void }>();
  #lastQuestion = 0;
  #records: ConnectionRecord[] = [];
  #reported = '';
  route: PortableRoute | undefined;
  /** Calls are carried out one after the other; a close overtakes. */
  #turn: Promise<unknown>;

  constructor(number: number, options: WireRouteOptions, plane: PortableDataPlane, post: (message: FromPlane) => void) {
    this.#number = number;
    this.#post = post;
    this.#opening = plane.open(this.#optionsOf(options)).then((route) => (this.route = route));
    this.#turn = this.#opening;
  }

  /** @returns true when nothing is left of it */
  async obey(message: Exclude<ToPlane, { type: 'open' }>): Promise<boolean> {
    switch (message.type) {
      case 'answer':
        this.#questions.get(message.question)?.answer(this.#learn(message.targets));
        this.#questions.delete(message.question);
        return false;
      case 'refuse':
        this.#questions.get(message.question)?.refuse(message.reason);
        this.#questions.delete(message.question);
        return false;
      case 'close':
        await this.#acknowledged(message.seq, (route) => route.close(message.drainMs));
        this.#targets.close();
        return true;
      default:
        break;
    }
    const mine = this.#turn.then(() => this.#acknowledged(message.seq, (route) => this.#do(message, route)));
    this.#turn = mine;
    await mine;
    return false;
  }

  /** Tells the counters, if they have changed, and the records. */
  report(): void {
    this.#flush();
    if (this.route === undefined) return;
    const stats = this.route.stats();
    const told = JSON.stringify(stats);
    if (told === this.#reported) return;
    this.#reported = told;
    this.#post({ type: 'stats', route: this.#number, stats });
  }

  async #do(
    message: Extract<ToPlane, { type: 'listen' | 'unlisten' | 'retarget' }>,
    route: PortableRoute,
  ): Promise<void> {
    switch (message.type) {
      case 'listen':
        return await route.listen(new OwnedFd(message.fd));
      case 'unlisten':
        return await route.unlisten();
      case 'retarget':
        return await route.retarget(this.#learn(message.targets));
    }
  }

  async #acknowledged(seq: number, work: (route: PortableRoute) => Promise<void>): Promise<void> {
    let failure: string | undefined;
    try {
      await work(await this.#opening);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    this.#flush();
    const stats = this.route?.stats();
    this.#post({
      type: 'ack',
      seq,
      route: this.#number,
      ...(stats !== undefined && { stats }),
      ...(failure !== undefined && { error: failure }),
    });
  }

  #learn({ targets, validForMs, connected }: WireAnswer): Targets {
    const socket = connected === undefined ? undefined : new OwnedFd(connected.fd);
    try {
      const known = this.#targets.replace(targets).map(withRoot);
      return {
        targets: known,
        validForMs,
        ...(connected !== undefined && socket !== undefined && { connected: { member: connected.member, socket } }),
      };
    } catch (error) {
      socket?.[Symbol.dispose]();
      throw error;
    }
  }

  #optionsOf({ asks, records, traces, ...options }: WireRouteOptions): RouteOptions {
    return {
      ...options,
      id: '',
      ...(asks && { ask: (signal) => this.#ask(signal) }),
      ...(records && { onClosed: (record) => this.#record(record) }),
      ...(traces && { onServed: (trace) => this.#post({ type: 'served', route: this.#number, trace }) }),
    };
  }

  #ask(signal: AbortSignal): Promise<Targets> {
    const question = ++this.#lastQuestion;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#questions.delete(question);
        this.#post({ type: 'unask', route: this.#number, question });
        reject(signal.reason as Error);
      };
      const settled = (): void => signal.removeEventListener('abort', leave);
      signal.addEventListener('abort', leave, { once: true });
      this.#questions.set(question, {
        answer: (targets) => (settled(), resolve(targets)),
        refuse: (reason) => (settled(), reject(new Error(reason))),
      });
      this.#post({ type: 'ask', route: this.#number, question });
    });
  }

  #record(record: ConnectionRecord): void {
    this.#records.push(record);
    if (this.#records.length >= RECORDS_MAX) this.#flush();
  }

  #flush(): void {
    if (this.#records.length === 0) return;
    this.#post({ type: 'closed', route: this.#number, records: this.#records });
    this.#records = [];
  }
}

/** The root of a unix target is borrowed from the set. */
function withRoot({ rootFd, address, ...target }: DialTarget): UpstreamTarget {
  if (address.kind !== 'unix' || rootFd < 0) return { ...target, address };
  return { ...target, address: { ...address, root: { fd: rootFd } } };
}
