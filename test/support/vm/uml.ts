/**
 * A virtual machine by User-Mode Linux: a kernel of kernel.config that is an ordinary process here. What runs in it runs on the
 * processor itself, on one of them; system calls and new processes cost more than elsewhere.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { FilePort } from './file-port.ts';
import { type MachineKind, machineParts } from './machine.ts';

/** MiB; programs' files and what tests write are in it, too. Given by the host only when it is touched. */
const memory = 3072;

const here = import.meta.dirname;
const parts = join(machineParts, 'uml');

export const uml: MachineKind = {
  patience: 4,
  processors: 1,

  missing: () => {
    const made = existsSync(parts) && readdirSync(parts).some((name) => name.startsWith('made-'));
    return made ? undefined : 'there is no virtual machine of User-Mode Linux; `scripts/vm-deps.sh uml` makes one';
  },

  begin(room, start) {
    const letters = join(room, 'letters');
    mkdirSync(letters);
    const console = openSync(join(room, 'console'), 'w');
    try {
      // The kernel's processes are processes here as well: they end with the first one of their namespace. It cannot be that one
      // itself, which no signal of its own ends.
      const alone = ['--pid', '--fork', '--kill-child=KILL', '--', 'sh', '-c', '"$0" "$@"; exit', join(parts, 'linux')];
      const process = start('unshare', [...alone, ...kernel(room, letters)], ['ignore', console, console, 'pipe']);
      return Promise.resolve({ process, port: new FilePort(process.stdio[3] as Socket, letters) });
    } finally {
      closeSync(console);
    }
  },
};

/** The words for the kernel. @param letters see file-port.ts */
function kernel(room: string, letters: string): string[] {
  const files = ['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `uml_dir=${room}/`];
  const lines = ['con=null', 'con0=null,fd:1', 'con1=fd:3', 'quiet', 'loglevel=4'];
  return [
    `mem=${memory}M`,
    ...files,
    ...lines,
    `init=${here}/uml-init.sh`,
    `wormhole.guest=${here}/guest.sh`,
    `wormhole.node=${process.execPath}`,
    'wormhole.port=/dev/tty1',
    `wormhole.letters=${letters}`,
  ];
}
