/**
 * SOCKS5 as a conversation: methods, login where one is asked for, request. CONNECT only.
 */
import type { Destination } from './destination.ts';
import type { Check, Dialect, Line, Opening } from './dialect.ts';
import { type Refusal, Refused, refusalTable } from './refusal.ts';
import {
  LOGIN,
  loginAnswer,
  loginLength,
  NO_LOGIN,
  NO_METHOD,
  readLogin,
  readMethods,
  readRequest,
  reply,
  requestLength,
  VERSION,
} from './socks5-wire.ts';

/** See the module header. */
export class SocksDialect implements Dialect {
  readonly protocol = 'socks5';
  /** What the client waits for: a refusal has another form in each. */
  #phase: 'methods' | 'login' | 'request' = 'methods';

  async open(greeting: Buffer, check: Check | undefined, line: Line): Promise<Opening> {
    const method = check === undefined ? NO_LOGIN : LOGIN;
    if (!readMethods(greeting).includes(method)) throw new Refused('credentials');
    line.say(Uint8Array.of(VERSION, method));
    const user = check === undefined ? undefined : await this.#login(check, line);
    this.#phase = 'request';
    const destination = readRequest(await line.take(requestLength));
    return { destination, ...(user !== undefined && { user }) };
  }

  async #login(check: Check, line: Line): Promise<string> {
    this.#phase = 'login';
    const { user, password } = readLogin(await line.take(loginLength));
    if (!(await check(user, password))) throw new Refused('credentials');
    line.say(loginAnswer(true));
    return user;
  }

  yes(bound?: Destination): Uint8Array {
    return reply(0, bound);
  }

  no(why: Refusal): Uint8Array {
    if (this.#phase === 'methods') return Uint8Array.of(VERSION, NO_METHOD);
    return this.#phase === 'login' ? loginAnswer(false) : reply(refusalTable[why].reply);
  }
}
