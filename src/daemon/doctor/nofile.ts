/** How many connections fit into the limit of open files? */
import { nofileLimits } from '../../sys/limits.ts';
import { defaultMaxConns } from '../machine.ts';
import { type Examine, ok, warn } from './check.ts';

/** Below this a busy service is cut off. */
const ENOUGH = 16_384;

export const nofile: Examine = () => {
  const { soft, hard } = nofileLimits();
  const detail = `${soft} (hard limit ${hard}): about ${defaultMaxConns(soft)} connections`;
  if (soft >= ENOUGH) return [ok('open files', detail)];
  return [warn('open files', detail, 'raise LimitNOFILE in the unit, or ulimit -Hn before starting wormholed')];
};
