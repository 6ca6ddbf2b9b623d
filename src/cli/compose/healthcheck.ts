/** `healthcheck` of a service as flags of `docker run`. */
import { joinWords } from '../../spec/shell.ts';
import { Fields, scalar } from './fields.ts';
import { untranslatable } from './findings.ts';

/** What Docker takes when the file says nothing, and beyond what a first client notices it. */
const INTERVAL_DEFAULT = '30s';

/** @throws {WormholeError} WH_ERR_COMPOSE */
export function healthFlags(service: Fields): string[] {
  const value = service.take('healthcheck');
  if (value === undefined) return [];
  const check = new Fields(service.where, value, service.findings);
  const command = commandOf(check);
  if (command === false) return ['--no-healthcheck'];
  const flags = command === undefined ? [] : ['--health-cmd', command];
  const interval = check.text('interval');
  const add = (flag: string, text: string | undefined): void => void (text !== undefined && flags.push(flag, text));
  add('--health-interval', interval);
  add('--health-timeout', check.text('timeout'));
  add('--health-retries', check.text('retries'));
  for (const key of check.rest()) service.note(`healthcheck: ${key} is left out; docker-run has no flag for it`);
  service.note(
    `healthcheck: the first client waits until it passes, and it is first run after its interval, ${interval ?? INTERVAL_DEFAULT}; ` +
      'shorten the interval, or leave the healthcheck out to be ready as soon as the port is open',
  );
  return flags;
}

/** False = none, also not the image's. */
function commandOf(check: Fields): string | false | undefined {
  if (check.isOn('disable')) return false;
  const test = check.take('test');
  if (test === undefined) return undefined;
  if (typeof test === 'string') return test;
  const [kind, ...words] = Array.isArray(test) ? test.map((one) => scalar('healthcheck: test', one)) : [];
  if (kind === 'NONE') return false;
  if (kind === 'CMD-SHELL') return words.join(' ');
  if (kind === 'CMD') return joinWords(words);
  throw untranslatable('healthcheck: test is a text, or a list that begins with CMD, CMD-SHELL or NONE');
}
