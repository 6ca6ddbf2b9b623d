/** Who may use the control sockets? */
import { lstatSync } from 'node:fs';
import type { Check } from '../../spec/api.ts';
import { groupNumber } from '../wormhole/owner.ts';
import { type Examine, fail, ok, warn } from './check.ts';

const GROUP = 'wormhole';

export const sockets: Examine = ({ unix }) => unix.map(judge);

function judge(path: string): Check {
  const name = 'control socket';
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return fail(name, `${path} is gone`, 'somebody removed it: restart wormholed');
  const mode = (file.mode & 0o777).toString(8).padStart(4, '0');
  if ((file.mode & 0o007) !== 0) {
    return fail(name, `${path} has mode ${mode}: everybody on this machine can act as root`, `chmod 0660 ${path}`);
  }
  if (file.uid !== 0) return ok(name, `${path}, mode ${mode}, for its user`);
  const gid = groupNumber(GROUP, undefined);
  if (gid === undefined) {
    return warn(name, `${path} is open to root only`, `groupadd --system ${GROUP}, restart wormholed, add users to it`);
  }
  if (file.gid !== gid) return warn(name, `${path} belongs to group ${file.gid}`, `chgrp ${GROUP} ${path}`);
  return ok(name, `${path}, mode ${mode}, group ${GROUP} (which is as good as root)`);
}
