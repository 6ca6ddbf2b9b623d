/**
 * What processes cost and what is listened on, read from /proc of the benchmark's own namespaces. See proc(5).
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of the times in /proc/PID/stat. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processes come and go while they are counted; one that has gone costs nothing. @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The fields of /proc/PID/stat after the command's closing bracket: field 3 of proc(5) is number 0 here. @param {number} pid */
function statOf(pid) {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** @param {readonly number[]} roots @returns {number[]} the roots and all their descendants */
export function processTree(roots) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statOf(pid)[1]);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const tree = [...roots];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/**
 * User and system time of these processes, their descendants, and the descendants they have waited for.
 *
 * @param {readonly number[]} roots
 * @returns {number} seconds
 */
export function cpuSeconds(roots) {
  let ticks = 0;
  for (const pid of processTree(roots)) {
    const stat = statOf(pid);
    for (const field of [11, 12, 13, 14]) ticks += Number(stat[field] ?? 0); // utime stime cutime cstime
  }
  return ticks / ticksPerSecond;
}

/**
 * @param {readonly number[]} roots
 * @returns {{ rssKib: number, pssKib: number }} resident memory of the tree: as every page counts for each process
 *   that maps it, and with shared pages divided among those who share them (the true sum)
 */
export function residentMemory(roots) {
  const sum = { rssKib: 0, pssKib: 0 };
  for (const pid of processTree(roots)) {
    const text = readIfThere(`/proc/${pid}/smaps_rollup`);
    sum.rssKib += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    sum.pssKib += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return sum;
}

/** @param {'tcp' | 'udp'} protocol @param {number} port @param {number} pid whether a socket of that process's namespace waits there, on any address */
export function listening(protocol, port, pid) {
  const state = protocol === 'tcp' ? '0A' : '07'; // LISTEN; an unconnected UDP socket
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return [`/proc/${pid}/net/${protocol}`, `/proc/${pid}/net/${protocol}6`].some((file) =>
    readIfThere(file)
      .split('\n')
      .some((line) => {
        const [, local = '', , st] = line.trim().split(/\s+/);
        return local.endsWith(wanted) && st === state;
      }),
  );
}
