/**
 * The flags of `docker run` that a `docker-run` takes: those that make sense for a detached container.
 *
 * One table for the reader, the recipe, the redaction, the messages and docs/grammar.md. What a *peer* may pass is a
 * narrower list of its own.
 */

interface RunFlag {
  /** One letter without its dash. */
  readonly short?: string;
  /** How the value is called in messages and documents; absent for a switch. */
  readonly value?: string;
  /** May stand several times, and each counts; of the others the last one counts, as for Docker. */
  readonly many?: true;
  /** An empty value means something; elsewhere it is a shell variable that was not set. */
  readonly empty?: true;
  /** May hold a password: never repeated in a message, hidden wherever a spec is shown. */
  readonly secret?: true;
  /** Another long name. */
  readonly alias?: string;
}

/** By long name, without dashes. */
const table = {
  env: { short: 'e', value: 'NAME=VALUE', many: true, secret: true },
  'env-file': { value: 'FILE', many: true },
  volume: { short: 'v', value: '[SOURCE:]PATH[:OPTIONS]', many: true },
  mount: { value: 'KEY=VALUE,…', many: true },
  workdir: { short: 'w', value: 'PATH' },
  user: { short: 'u', value: 'USER[:GROUP]' },
  entrypoint: { value: 'PROGRAM', empty: true },
  name: { value: 'NAME' },
  hostname: { short: 'h', value: 'NAME' },
  label: { short: 'l', value: 'KEY[=VALUE]', many: true },
  network: { value: 'NETWORK', alias: 'net' },
  'add-host': { value: 'NAME:IP', many: true },
  dns: { value: 'IP', many: true },
  memory: { short: 'm', value: 'SIZE' },
  cpus: { value: 'N' },
  'shm-size': { value: 'SIZE' },
  ulimit: { value: 'NAME=SOFT[:HARD]', many: true },
  'cap-add': { value: 'CAPABILITY', many: true },
  'cap-drop': { value: 'CAPABILITY', many: true },
  'read-only': {},
  tmpfs: { value: 'PATH[:OPTIONS]', many: true },
  device: { value: 'PATH[:PATH][:rwm]', many: true },
  'security-opt': { value: 'KEY[=VALUE]', many: true },
  privileged: {},
  restart: { value: 'POLICY' },
  rm: {},
  init: {},
  platform: { value: 'OS[/ARCH[/VARIANT]]' },
  pull: { value: 'missing|always|never' },
  publish: { short: 'p', value: '[[IP:]PORT:]PORT[/PROTOCOL]', many: true },
  'stop-timeout': { value: 'SECONDS' },
  'stop-signal': { value: 'SIGNAL' },
  'health-cmd': { value: 'COMMAND', secret: true },
  'health-interval': { value: 'DUR' },
  'health-retries': { value: 'N' },
  'health-timeout': { value: 'DUR' },
  'no-healthcheck': {},
  detach: { short: 'd' },
  interactive: { short: 'i' },
  tty: { short: 't' },
} as const satisfies Record<string, RunFlag>;

/** The long name of a flag. */
export type RunFlagName = keyof typeof table;

/** The table as its readers see it. */
export const runFlags: Readonly<Record<RunFlagName, RunFlag>> = table;

/** Every name, in the order of the table. */
export const runFlagNames = Object.keys(table) as RunFlagName[];

/** Long names, aliases and letters; no name has one letter. */
const bySpelling: ReadonlyMap<string, RunFlagName> = new Map(
  runFlagNames.flatMap((name) => spellings(name).map((one) => [one.replace(/^-+/, ''), name] as const)),
);

/** @param name `env` or `e`, without dashes @returns the long name and whether a value follows */
export function findRunFlag(name: string): { readonly name: RunFlagName; readonly value: boolean } | undefined {
  const long = bySpelling.get(name);
  return long === undefined ? undefined : { name: long, value: runFlags[long].value !== undefined };
}

/** The whole list, for a message. */
export function listRunFlags(): string {
  return runFlagNames.flatMap(spellings).join(' ');
}

/** `-e`, `--env`: how a flag can be written. */
export function spellings(name: RunFlagName): string[] {
  const { short, alias } = runFlags[name];
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`, ...(alias === undefined ? [] : [`--${alias}`])];
}
