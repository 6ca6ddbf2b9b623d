/** Ends what runs in a host's network namespace when the host is switched off: programs that outlive their daemon on purpose. */
import { readdirSync, statSync } from 'node:fs';
import type { Netns } from './netns.ts';
import { until } from './relay-wait.ts';

/** Resolves when nothing runs there any more. */
export async function endProcessesIn({ namespace }: Pick<Netns, 'namespace'>): Promise<void> {
  const { inode } = namespace;
  for (const pid of processesIn(inode)) end(pid);
  await until('nothing runs there any more', () => processesIn(inode).length === 0);
}

function processesIn(inode: number): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    return Number.isInteger(pid) && pid !== process.pid && namespaceOf(pid) === inode ? [pid] : [];
  });
}

/** Undefined of one that has ended meanwhile. */
function namespaceOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino;
  } catch {
    return undefined;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
