/** `--tmpfs PATH[:OPTIONS]`: a directory in memory, with the options of mount(8). */
import { invalid, show } from '../invalid.ts';
import { plainPath } from '../path.ts';

/** Options that take a value. */
const valued = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

const plain = new Set(
  (
    'defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime ' +
    'diratime nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime ' +
    'norelatime strictatime nostrictatime'
  ).split(' '),
);

/** @returns path and options @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readTmpfs(text: string): [string, string] {
  const colon = text.indexOf(':');
  const path = colon < 0 ? text : text.slice(0, colon);
  const options = colon < 0 ? '' : text.slice(colon + 1);
  if (!path.startsWith('/') || plainPath(path) === '/') {
    throw invalid(`${show(path)} is not an absolute path inside the container; write for example /run:size=64m`);
  }
  for (const option of options === '' ? [] : options.split(',')) {
    const [name = '', value] = option.split('=');
    if (value === undefined ? plain.has(name) : valued.has(name) && value !== '') continue;
    throw invalid(
      `${show(option)} is not an option of a tmpfs; write for example size=64m, mode=1777, uid=0 or noexec`,
    );
  }
  return [path, options];
}
