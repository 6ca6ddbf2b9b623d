/** Can wormholes be remembered? */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { type Examine, fail, ok, warn } from './check.ts';

/** A record is a page; the rest is for writing it anew beside itself. */
const ENOUGH_BYTES = 16 << 20;

export const state: Examine = async ({ stateDir }) => {
  try {
    await access(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(stateDir);
    if (bavail * bsize >= ENOUGH_BYTES) return [ok('state directory', stateDir)];
    return [
      warn('state directory', `${stateDir}: ${bavail * bsize} bytes left`, 'make room, or new wormholes are refused'),
    ];
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return [fail('state directory', `${stateDir}: ${code}`, 'create fails until it can be written; see --state-dir')];
  }
};
