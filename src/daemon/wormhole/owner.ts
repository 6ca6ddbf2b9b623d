/**
 * Users and groups by name, as the machine or a container knows them: `/etc/passwd` and `/etc/group`, read as data.
 *
 * Node has no getpwnam, and for a container's file the machine's names would be the wrong ones.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { openInRoot } from '../../sys/inroot.ts';

/** A root directory as an O_PATH descriptor, borrowed; undefined = the machine's. */
export type Root = { readonly fd: number } | undefined;

/** Account files are pages of text; a larger one is an attack. */
const MAX_BYTES = 1_048_576;
/** A FIFO must not block us, and a terminal must not become ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** @param owner USER[:GROUP], each a name or a number @throws {WormholeError} WH_ERR_LISTEN naming the unknown one */
export function ownerNumbers(owner: string, root: Root): { readonly uid: number; readonly gid: number } {
  const [user = '', group] = owner.split(':');
  const account = entry('/etc/passwd', user, root);
  const uid = numeric(user) ?? numeric(account?.[2]);
  const gid = group === undefined ? (numeric(account?.[3]) ?? uid) : groupNumber(group, root);
  if (uid === undefined) throw unknown('user', user, root);
  if (gid === undefined) throw unknown('group', group ?? user, root);
  return { uid, gid };
}

/** @returns undefined when there is no such group */
export function groupNumber(group: string, root: Root): number | undefined {
  return numeric(group) ?? numeric(entry('/etc/group', group, root)?.[2]);
}

function numeric(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}

function entry(file: string, name: string, root: Root): readonly string[] | undefined {
  const lines = read(file, root).split('\n');
  return lines.map((line) => line.split(':')).find(([first]) => first === name);
}

function read(file: string, root: Root): string {
  let fd: number;
  try {
    fd = root === undefined ? openSync(file, FLAGS) : openInRoot(root.fd, file, FLAGS).release();
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    return fstatSync(fd).isFile() && size <= MAX_BYTES ? readFileSync(fd, 'utf8') : '';
  } finally {
    closeSync(fd);
  }
}

function unknown(kind: string, name: string, root: Root): WormholeError {
  const where = root === undefined ? 'on this machine' : 'in the container';
  return new WormholeError('WH_ERR_LISTEN', `there is no ${kind} ${name} ${where}; use a number or another name`);
}
