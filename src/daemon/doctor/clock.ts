/** Is the clock plausible? Logs and records carry its time, and people compare them between machines. */
import { existsSync } from 'node:fs';
import { type Examine, ok, warn } from './check.ts';

/** No release is older. */
const EARLIEST = Date.UTC(2025, 0, 1);

export const clock: Examine = () => {
  const now = new Date();
  if (now.getTime() < EARLIEST)
    return [warn('clock', now.toISOString(), 'set the clock, e.g. timedatectl set-ntp true')];
  const synchronized = existsSync('/run/systemd/timesync/synchronized') ? ', synchronized by systemd-timesyncd' : '';
  return [ok('clock', now.toISOString() + synchronized)];
};
