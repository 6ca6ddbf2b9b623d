/**
 * Which other services a service talks to, and by which names.
 *
 * In compose everybody reaches everybody on the same network, and many files say no more; here each way is a
 * listener. So `depends_on` and `links` count, and addresses that the environment or the command give away:
 * `REDIS_URL=redis://cache:6379`, `DB_HOST=db`.
 */
import type { Container } from './container.ts';
import { type Fields, isRecord, scalar } from './fields.ts';

export interface Reach {
  readonly service: string;
  /** Names that it goes by for this service alone, from `links`. */
  readonly aliases: readonly string[];
}

/** Variables whose whole value is a host. */
const hostLike = /(?:HOSTS?|HOSTNAME|ADDR|ADDRESS|ENDPOINT|SERVERS?|URLS?|URI|DSN|UPSTREAM|BACKEND|BROKERS?|NODES?)$/i;

/** @param others names of all services of the file */
export function readReach(name: string, service: Fields, container: Container, others: readonly string[]): Reach[] {
  const reached = new Map<string, string[]>();
  const add = (other: string, alias?: string): void => {
    const aliases = reached.get(other) ?? [];
    reached.set(other, alias === undefined || alias === other ? aliases : [...aliases, alias]);
  };
  for (const other of dependencies(service)) add(other);
  for (const link of service.texts('links')) {
    const [other = '', alias] = link.split(':');
    add(other, alias);
  }
  for (const other of others) if (isMentioned(other, container)) add(other);
  // It reaches itself without help.
  reached.delete(name);
  const unknown = [...reached.keys()].filter((other) => !others.includes(other));
  for (const other of unknown) service.note(`${other} is no service of the file; it is left out`);
  return [...reached]
    .filter(([other]) => !unknown.includes(other))
    .map(([other, aliases]) => ({ service: other, aliases }));
}

function dependencies(service: Fields): string[] {
  const value = service.take('depends_on');
  if (!isRecord(value)) return Array.isArray(value) ? value.map((one) => scalar('depends_on', one)) : [];
  for (const [other, how] of Object.entries(value)) {
    if (isRecord(how) && how['condition'] === 'service_completed_successfully') {
      service.note(`depends_on: ${other} is not run before it; run it once by hand: docker compose run --rm ${other}`);
    }
  }
  return Object.keys(value);
}

function isMentioned(other: string, { environment, command }: Container): boolean {
  const name = other.replaceAll(/[.\\+*?^$[\](){}|/-]/g, String.raw`\$&`);
  // An address and no mere word: `//db`, `user@db`, `db:5432`.
  const address = new RegExp(String.raw`(?:(?:^|[^\w.-])${name}:\d{1,5}(?!\w)|(?://|@)${name}(?![\w.-]))`);
  for (const [variable, value] of environment) {
    if (address.test(value) || (hostLike.test(variable) && value.split(/[,;\s]+/).includes(other))) return true;
  }
  return command.some((word) => address.test(word));
}
