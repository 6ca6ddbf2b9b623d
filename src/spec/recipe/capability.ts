/** Names of the kernel's capabilities, capabilities(7). */
import { invalid, show } from '../invalid.ts';

const names = new Set(
  (
    'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH ' +
    'FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN ' +
    'NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT ' +
    'SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM'
  ).split(' '),
);

/** Reads a capability, with or without CAP_, or ALL. @returns `CAP_…` or `ALL` @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseCapability(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL') return name;
  if (names.has(name)) return `CAP_${name}`;
  throw invalid(`${show(text)} is not a capability; write for example NET_ADMIN, or ALL`);
}
