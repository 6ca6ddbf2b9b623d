/** What the container may do to the machine: capabilities, security modules, devices, its own root. */
import { invalid, show } from '../invalid.ts';
import { parseCapability } from './capability.ts';
import { type Flags, member, type Part } from './flags.ts';

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readSecurity(flags: Flags): Part {
  const options = flags.all('security-opt', readSecurityOption);
  // Not for the engine: this one is carried out by asking for no hidden paths.
  const open = options.includes(OPEN_PATHS);
  return {
    host: {
      ...(flags.isOn('privileged') === true && { Privileged: true }),
      ...(flags.isOn('read-only') === true && { ReadonlyRootfs: true }),
      ...member('CapAdd', flags.all('cap-add', parseCapability)),
      ...member('CapDrop', flags.all('cap-drop', parseCapability)),
      ...member(
        'SecurityOpt',
        options.filter((option) => option !== OPEN_PATHS),
      ),
      ...(open && { MaskedPaths: [], ReadonlyPaths: [] }),
      ...member('Devices', flags.all('device', readDevice)),
    },
  };
}

const OPEN_PATHS = 'systempaths=unconfined';

const optionNames = ['apparmor', 'label', 'no-new-privileges', 'seccomp', 'systempaths'];

/** `KEY=VALUE`, in an older spelling `KEY:VALUE`, or `no-new-privileges` alone. */
function readSecurityOption(text: string): string {
  const [, key = '', value] = /^([a-z-]*)(?:[=:](.*))?$/s.exec(text) ?? [];
  if (!optionNames.includes(key)) {
    throw invalid(`${show(key)} is not a security option; the options are ${optionNames.join(', ')}`);
  }
  if (key === 'no-new-privileges') {
    if (value === undefined || value === 'true' || value === 'false') return text;
    throw invalid(`${key} is a switch; leave the value out, or write true or false`);
  }
  if (value === undefined || value === '') throw invalid(`${key} has no value; write ${key}=VALUE`);
  if (key === 'seccomp') return readSeccomp(text, value);
  if (key === 'systempaths' && text !== OPEN_PATHS) throw invalid(`${show(value)} is not known; write ${OPEN_PATHS}`);
  return text;
}

/** `unconfined`, or a profile in JSON: its file was read by the command line. */
function readSeccomp(text: string, value: string): string {
  if (value === 'unconfined') return text;
  if (!value.startsWith('{')) {
    throw invalid('the daemon reads no files of yours; write seccomp=unconfined, or the profile itself as JSON');
  }
  try {
    JSON.parse(value);
  } catch {
    throw invalid('the seccomp profile is not JSON; repair it');
  }
  return `seccomp=${value}`;
}

/** `PATH[:PATH][:rwm]`: path on the host, path in the container, what may be done. */
function readDevice(text: string): Readonly<Record<string, string>> {
  const [host = '', second, third, ...more] = text.split(':');
  const mode = third ?? (second !== undefined && isDeviceMode(second) ? second : 'rwm');
  const inside = second === undefined || (third === undefined && isDeviceMode(second)) || second === '' ? host : second;
  if (more.length > 0 || !host.startsWith('/') || !inside.startsWith('/')) {
    throw invalid(`${show(text)} is not a device; write /dev/NAME, or /dev/NAME:/dev/NAME:rwm, with absolute paths`);
  }
  if (!isDeviceMode(mode))
    throw invalid(`${show(mode)} is not a mode of a device; write r, w and m, each at most once`);
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: mode };
}

/** Some of `r`, `w` and `m`, each once. */
function isDeviceMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}
