/** What /proc tells about a process, as far as it proves that a pid still means the same one. See proc(5). */
import { readFileSync } from 'node:fs';

/** Asked by everything that enters a process's namespace; an interface so that tests can lie. */
export interface Processes {
  /** Clock ticks after boot at which the process started; undefined when there is no such process. */
  startTime(pid: number): string | undefined;
  /** True when the process is in a control group of the container with this full id. */
  belongsTo(pid: number, containerId: string): boolean;
}

export const procfs: Processes = {
  startTime: (pid) => {
    const stat = read(`/proc/${pid}/stat`);
    return stat === undefined ? undefined : startTimeOf(stat);
  },
  belongsTo: (pid, containerId) => read(`/proc/${pid}/cgroup`)?.includes(containerId) ?? false,
};

/** Field 22 of /proc/PID/stat. A zombie has none for us: it has no namespaces any more. */
export function startTimeOf(stat: string): string | undefined {
  // The name in field 2 is the process's own choice and may hold spaces and parentheses: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
