/**
 * Preloaded into a program of ours (`node --import`): from then on it sees another system than Linux, and none of the packages with
 * native code. What it does all the same it does with what Node.js has everywhere.
 *
 * Not everything of another system: paths, sockets and signals stay those of this one.
 */
import { register } from 'node:module';

const platform = process.env['ELSEWHERE'];
Object.defineProperty(process, 'platform', { value: platform });
// As on Windows, which has no such numbers.
if (platform === 'win32') for (const name of ['getuid', 'geteuid', 'getgid', 'getegid']) process[name] = undefined;

const hooks = `export async function resolve(specifier, context, next) {
  if (!/^(koffi|@koromix|@matrixai)($|\\/)/.test(specifier)) return await next(specifier, context);
  throw Object.assign(new Error(specifier + ' is not made for this system'), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
