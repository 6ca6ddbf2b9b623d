/** One daemon per state directory: a lock that the kernel drops when its process ends, however it ends. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { tryLock } from '../../sys/flock.ts';

/** The file stays when the lock goes: removing it would let two daemons lock two files of the same name. */
const NAME = 'lock';

/** @throws {WormholeError} WH_ERR_STATE when another daemon uses the directory */
export function lockDirectory(directory: string): Disposable {
  const path = join(directory, NAME);
  const fd = openSync(path, 'a+', 0o600);
  if (!tryLock(fd)) {
    closeSync(fd);
    const pid = readFileSync(path, 'utf8').trim();
    throw new WormholeError(
      'WH_ERR_STATE',
      `${directory} is used by another wormholed (pid ${pid}); stop it or choose another with --state-dir`,
      { detail: { directory, pid: Number(pid) } },
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { [Symbol.dispose]: () => closeSync(fd) };
}
