/**
 * The flags of `docker run` that a `docker-run` takes: those that make sense for a detached container.
 *
 * One table for the reader, the redaction and the messages. What a *peer* may pass is a narrower list of its own.
 */

interface RunFlag {
  /** One letter without its dash. */
  readonly short?: string;
  /** False for a switch. */
  readonly value: boolean;
}

const value: RunFlag = { value: true };
const toggle: RunFlag = { value: false };

/** By long name, without dashes. */
const runFlags: ReadonlyMap<string, RunFlag> = new Map(
  Object.entries({
    env: { short: 'e', value: true },
    'env-file': value,
    volume: { short: 'v', value: true },
    mount: value,
    workdir: { short: 'w', value: true },
    user: { short: 'u', value: true },
    entrypoint: value,
    name: value,
    hostname: { short: 'h', value: true },
    label: { short: 'l', value: true },
    network: value,
    net: value,
    'add-host': value,
    dns: value,
    memory: { short: 'm', value: true },
    cpus: value,
    'shm-size': value,
    ulimit: value,
    'cap-add': value,
    'cap-drop': value,
    'read-only': toggle,
    tmpfs: value,
    device: value,
    'security-opt': value,
    privileged: toggle,
    restart: value,
    rm: toggle,
    init: toggle,
    platform: value,
    pull: value,
    publish: { short: 'p', value: true },
    'stop-timeout': value,
    'stop-signal': value,
    'health-cmd': value,
    'health-interval': value,
    'health-retries': value,
    'health-timeout': value,
    'no-healthcheck': toggle,
    detach: { short: 'd', value: false },
    interactive: { short: 'i', value: false },
    tty: { short: 't', value: false },
  } satisfies Record<string, RunFlag>),
);

/** @param name `env` or `e`, without dashes @returns the long name and whether a value follows */
export function findRunFlag(name: string): { readonly name: string; readonly value: boolean } | undefined {
  if (name.length > 1) {
    const flag = runFlags.get(name);
    return flag === undefined ? undefined : { name, value: flag.value };
  }
  for (const [long, flag] of runFlags) if (flag.short === name) return { name: long, value: flag.value };
  return undefined;
}

/** The whole list, for a message. */
export function listRunFlags(): string {
  return Array.from(runFlags, ([long, { short }]) => (short === undefined ? `--${long}` : `-${short} --${long}`)).join(
    ' ',
  );
}
