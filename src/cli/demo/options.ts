/** What `--demo` and its companions say. */
import { WormholeError } from '../../lib/errors.ts';
import { readRun } from '../../spec/run.ts';
import { splitWords } from '../../spec/shell.ts';
import type { Invocation } from '../invocation.ts';
import { reading, usage } from '../option.ts';

/** Where images of HTTP servers listen. */
const PORT = 80;

export interface DemoOptions {
  /** Arguments of a `docker-run`; absent = busybox. */
  readonly image: string | undefined;
  /** Of the page. */
  readonly port: number;
}

/** @returns undefined when there is to be none @throws {WormholeError} WH_ERR_USAGE */
export function demoOf({ flags, whereabouts }: Invocation, verb: string): DemoOptions | undefined {
  const { demo, demoImage: image, demoPort = PORT } = flags;
  if (demo !== true) {
    if (image === undefined && flags['demoPort'] === undefined) return undefined;
    throw usage(verb, `${image === undefined ? '--demo-port' : '--demo-image'} is of use with --demo`);
  }
  const { address } = whereabouts;
  if (address !== undefined && !address.startsWith('unix:')) throw usage(verb, '--demo is for the daemon of this host');
  const port = Number(demoPort);
  if (!/^[0-9]{1,5}$/.test(String(demoPort)) || port < 1 || port > 65_535) throw usage(verb, '--demo-port is no port');
  if (image === undefined) return { image, port };
  const named = reading(verb, '--demo-image', () => readRun(splitWords(String(image))).flags.some(isName));
  if (named) throw usage(verb, '--demo-image: the name of the container is made up; leave --name out');
  return { image: String(image), port };
}

const isName = ({ name }: { readonly name: string }): boolean => name === 'name';

/** What to do when the image is not there: nothing is downloaded unasked. */
export function withRemedy(error: unknown, { image = 'busybox' }: DemoOptions): unknown {
  if (!WormholeError.is(error) || error.code !== 'WH_ERR_IMAGE_NOT_FOUND') return error;
  const { image: missing } = error.detail;
  const fact = typeof missing === 'string' ? `image ${missing} is not on this machine` : error.message;
  const remedy = `nothing is downloaded unasked: docker pull it, or give --demo-image '--pull missing ${image}'`;
  return new WormholeError(error.code, `${fact}; ${remedy}`, { cause: error, detail: error.detail });
}
