/** Paths as the caller's shell would have them: from the working directory, or from home. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { invalid, show } from '../../spec/invalid.ts';
import type { Surroundings } from '../invocation.ts';

/** The absolute path; links are not followed. @throws {WormholeError} WH_ERR_SPEC_INVALID for another user's home */
export function absolutePath(
  path: string,
  { env, workingDirectory }: Pick<Surroundings, 'env' | 'workingDirectory'>,
): string {
  if (path === '~' || path.startsWith('~/')) return resolve(env['HOME'] || homedir(), `.${path.slice(1)}`);
  if (/^~[^/]*(?:\/|$)/.test(path))
    throw invalid(`${show(path)} is in the home of somebody else; write the whole path`);
  if (path.startsWith('/')) return resolve(path);
  return resolve(directory(workingDirectory), path);
}

function directory(workingDirectory: () => string): string {
  try {
    return workingDirectory();
  } catch (cause) {
    throw new WormholeError('WH_ERR_FILE', 'the working directory is gone; go to another, or write whole paths', {
      cause,
    });
  }
}
