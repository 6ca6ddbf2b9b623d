/** Opening a listener in a place that has only just come up. */

import { pause } from '../../lib/pause.ts';
import type { HeadSocket } from '../surroundings.ts';
import { errnoOf } from './errno.ts';

/** A container runs a moment before its addresses are there: tried this often, this long, before it is an error. */
const RETRY_MS = 100;
const WAIT_MS = 5000;

/** @throws what `open` throws; EADDRNOTAVAIL only after a while, everything else (as an address in use) at once */
export async function openWhenAddressIsUp(open: () => HeadSocket, signal: AbortSignal): Promise<HeadSocket> {
  for (let waited = 0; ; waited += RETRY_MS) {
    signal.throwIfAborted();
    try {
      return open();
    } catch (error) {
      if (errnoOf(error) !== 'EADDRNOTAVAIL' || waited >= WAIT_MS) throw error;
    }
    await pause(RETRY_MS, signal);
  }
}
