/**
 * A virtual machine by QEMU with the kernel that Debian has for such: two processors, both emulated, so that it runs wherever a
 * program runs. What runs in it is slower by a factor of ten or so, and more where it is JavaScript.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { until } from '../command.ts';
import { type MachineKind, machineParts } from './machine.ts';

/** MiB; programs' files and what tests write are in it, too. Given by the host only when it is touched. */
const memory = 3072;

const here = import.meta.dirname;
const parts = join(machineParts, 'qemu');

export const qemu: MachineKind = {
  patience: 8,
  processors: 2,

  missing: () => {
    const made = existsSync(parts) && readdirSync(parts).some((name) => name.startsWith('made-'));
    return made ? undefined : 'there is no virtual machine of QEMU; `scripts/vm-deps.sh qemu` makes one';
  },

  async begin(room, start) {
    const files = join(room, 'files');
    const share = ['-o', 'source=/', '-o', 'sandbox=chroot', '-o', 'cache=always', '-o', 'xattr', '-f'];
    const server = start(fileServer(), [`--socket-path=${files}`, ...share], ['ignore', 'ignore', 'ignore']);
    await until('the file server is there', () => existsSync(files), { alive: () => server.exitCode === null });
    const words = emulator(files, join(room, 'console'), ticks(room));
    const process = start('qemu-system-x86_64', words, ['ignore', 'ignore', 'inherit', 'pipe']);
    return { process, port: process.stdio[3] as Socket };
  },
};

function fileServer(): string {
  const places = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'];
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no virtiofsd in ${places.join(' or ')}`);
  return found;
}

/** Of the processor, in kHz; see tsc.c. */
function ticks(room: string): string {
  const program = join(room, 'tsc');
  execFileSync('gcc', ['-O2', '-o', program, join(here, 'tsc.c')]);
  return execFileSync(program, { encoding: 'utf8' }).trim();
}

/** The words for the emulator. @param socket of the file server @param console file for the kernel's lines @param ticks see there */
function emulator(socket: string, console: string, ticks: string): string[] {
  const told = [
    `wormhole.layer=${parts}/layer wormhole.guest=${here}/guest.sh`,
    `wormhole.node=${process.execPath} wormhole.port=/dev/vport*p1`,
  ].join(' ');
  // Without mitigations against other guests: there are none, and each costs an emulated processor dearly.
  const quick = `mitigations=off tsc=reliable tsc_early_khz=${ticks} no_timer_check random.trust_cpu=on nokaslr`;
  const files = [`socket,id=files,path=${socket}`, 'vhost-user-fs-pci,chardev=files,tag=host,queue-size=1024'] as const;
  const port = ['socket,id=port,fd=3', 'virtserialport,chardev=port,nr=1'] as const;
  const words = [
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ['-machine', 'q35,memory-backend=memory', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-smp', '2'],
    ['-m', `${memory}`, '-object', `memory-backend-memfd,id=memory,size=${memory}M,share=on`],
    ['-kernel', join(parts, 'vmlinuz'), '-initrd', join(parts, 'initrd.gz')],
    ['-append', `console=ttyS0 quiet loglevel=4 panic=-1 ${quick} ${told}`, '-serial', `file:${console}`],
    ['-chardev', files[0], '-device', files[1], '-device', 'virtio-rng-pci'],
    ['-device', 'virtio-serial-pci', '-chardev', port[0], '-device', port[1]],
  ];
  return words.flat();
}
