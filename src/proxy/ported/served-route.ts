/**
 * One route of a portable data plane, as its user in another thread drives it.
 *
 * Calls are carried out one after the other; a close overtakes. Owns the descriptors that its targets came with.
 */
import { closeSync } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { Counters } from '../counters.ts';
import type { WireRouteOptions } from '../messages.ts';
import type { PortableDataPlane } from '../portable/plane.ts';
import type { PortableRoute } from '../portable/portable-route.ts';
import type { ConnectionRecord, NamedTargets, RouteOptions, Targets, UpstreamTarget } from '../route.ts';
import type { DialTarget } from '../target/dialer.ts';
import { TargetSet } from '../target/target-set.ts';
import {
  type FromPlane,
  type NamedQuestion,
  type ToPlane,
  type WireAnswer,
  type WireError,
  wireError,
} from './messages.ts';

/** Records kept between two reports, as in `thread/records.ts`: the counters are exact in any case. */
const RECORDS_MAX = 1000;

interface Settle {
  readonly answer: (answer: WireAnswer) => void;
  readonly refuse: (error: Error) => void;
}

/** See the module header. */
export class ServedRoute {
  readonly #number: number;
  readonly #post: (message: FromPlane) => void;
  readonly #counters: Counters;
  readonly #opening: Promise<PortableRoute>;
  readonly #targets = new TargetSet();
  readonly #questions = new Map<number, Settle>();
  #lastQuestion = 0;
  #records: ConnectionRecord[] = [];
  /** What was counted when members were published last, and whether one of them was down. */
  #published = { total: 0, stirring: false };
  #turn: Promise<unknown>;
  /** Nothing is left of it; a close overtakes what waits for its turn. */
  #over = false;
  /** undefined until it is open. */
  route: PortableRoute | undefined;

  constructor(
    { route, options, counters }: Extract<ToPlane, { type: 'open' }>,
    plane: PortableDataPlane,
    post: (message: FromPlane) => void,
  ) {
    this.#number = route;
    this.#post = post;
    this.#counters = new Counters(counters);
    this.#opening = plane.open(this.#optionsOf(options), this.#counters).then((opened) => (this.route = opened));
    this.#turn = this.#opening;
  }

  /** Never rejects. @returns true when nothing is left of it */
  async obey(message: Exclude<ToPlane, { type: 'open' }>): Promise<boolean> {
    switch (message.type) {
      case 'answer':
      case 'refuse':
        this.#settle(message);
        return false;
      case 'close':
        await this.#acknowledged(message.seq, (route) => route.close(message.drainMs));
        this.#over = true;
        this.#targets.close();
        return true;
      default:
        break;
    }
    this.#turn = this.#turn.then(() => this.#acknowledged(message.seq, (route) => this.#do(message, route)));
    await this.#turn;
    return false;
  }

  /** Tells the records, and how the members are, if that may have changed. */
  report(): void {
    this.#flush();
    if (this.route === undefined) return;
    const { connectionsOpen, connectionsTotal: total, members } = this.route.stats();
    const stirring = connectionsOpen > 0 || members.some(({ up }) => !up);
    if (!stirring && !this.#published.stirring && total === this.#published.total) return;
    this.#published = { total, stirring };
    this.#counters.publish(members);
  }

  async #do(
    message: Extract<ToPlane, { type: 'listen' | 'unlisten' | 'retarget' }>,
    route: PortableRoute,
  ): Promise<void> {
    if (this.#over) {
      giveUp(message);
      throw new WormholeError('WH_ERR_ABORTED', 'the route was closed');
    }
    switch (message.type) {
      case 'listen':
        return await route.listen(new OwnedFd(message.fd));
      case 'unlisten':
        return await route.unlisten();
      case 'retarget':
        return await route.retarget(learn(this.#targets, message.targets));
      default:
        return message satisfies never;
    }
  }

  async #acknowledged(seq: number, work: (route: PortableRoute) => Promise<void>): Promise<void> {
    let error: WireError | undefined;
    try {
      await work(await this.#opening);
    } catch (failure) {
      error = wireError(failure);
    }
    this.#flush();
    if (this.route !== undefined) this.#counters.publish(this.route.stats().members);
    this.#post({ type: 'ack', seq, route: this.#number, ...(error !== undefined && { error }) });
  }

  #settle(message: Extract<ToPlane, { type: 'answer' | 'refuse' }>): void {
    const question = this.#questions.get(message.question);
    this.#questions.delete(message.question);
    if (question === undefined) giveUp(message);
    else if (message.type === 'refuse') question.refuse(new WormholeError(message.error.code, message.error.message));
    else {
      try {
        question.answer(message.targets);
      } catch (error) {
        question.refuse(error as Error);
      }
    }
  }

  #optionsOf({ asks, records, traces, ...options }: WireRouteOptions): RouteOptions {
    return {
      ...options,
      id: '',
      ...(asks && { ask: (signal) => this.#ask(signal) }),
      ...(options.connect !== undefined && {
        askDestination: (destination, client, signal) => this.#ask(signal, { destination, client }),
      }),
      ...(records && { onClosed: (record) => this.#record(record) }),
      ...(traces && { onServed: (trace) => this.#post({ type: 'served', route: this.#number, trace }) }),
    };
  }

  /**
   * Settles when the user has answered, also when nobody waits any more.
   *
   * @param named a question of one client, whose answer is for that client alone
   */
  #ask(signal: AbortSignal, named?: NamedQuestion): Promise<NamedTargets> {
    const route = this.#number;
    const question = ++this.#lastQuestion;
    this.#post({ type: 'ask', route, question, ...(named !== undefined && { named }) });
    signal.addEventListener('abort', () => this.#post({ type: 'unask', route, question }), { once: true });
    return new Promise((resolve, reject) => {
      const answer = (wire: WireAnswer): void => {
        if (named === undefined) return resolve(learn(this.#targets, wire));
        const set = new TargetSet();
        resolve({ ...learn(set, wire), done: () => set.close() });
      };
      this.#questions.set(question, { answer, refuse: reject });
    });
  }

  #record(record: ConnectionRecord): void {
    if (this.#records.length < RECORDS_MAX) this.#records.push(record);
  }

  #flush(): void {
    if (this.#records.length === 0) return;
    this.#post({ type: 'closed', route: this.#number, records: this.#records });
    this.#records = [];
  }
}

/** @param set takes the descriptors, and gives up those it had @throws {RangeError} for a bad address; then it is as it was */
function learn(set: TargetSet, { targets, validForMs, connected }: WireAnswer): Targets {
  const socket = connected === undefined ? undefined : new OwnedFd(connected.fd);
  try {
    const known = set.replace(targets).map(withRoot);
    if (connected === undefined || socket === undefined) return { targets: known, validForMs };
    return { targets: known, validForMs, connected: { member: connected.member, socket } };
  } catch (error) {
    socket?.[Symbol.dispose]();
    throw error;
  }
}

/** Closes what came with a message that nobody has a use for. */
export function giveUp(message: ToPlane): void {
  if (message.type === 'listen') closeSync(message.fd);
  if (message.type !== 'retarget' && message.type !== 'answer') return;
  const { targets, connected } = message.targets;
  if (connected !== undefined) closeSync(connected.fd);
  for (const { namespaceFd, address } of targets) {
    if (namespaceFd >= 0) closeSync(namespaceFd);
    if (address.kind === 'unix' && address.rootFd >= 0) closeSync(address.rootFd);
  }
}

/** The root of a unix target is borrowed from the set. */
function withRoot({ rootFd, address, ...target }: DialTarget): UpstreamTarget {
  if (address.kind !== 'unix' || rootFd < 0) return { ...target, address };
  return { ...target, address: { ...address, root: { fd: rootFd } } };
}
