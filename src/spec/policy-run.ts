/**
 * What a peer may have started: the image, and of the container's recipe each single member.
 *
 * Judged on the recipe that goes to the engine, not on the words: a member that is in no table below is denied, so a
 * flag that a later version learns is denied until somebody has thought about it. Members that reach out of the
 * container need their flag among the policy's `run-flags`; to share a network needs it with its value, `network=host`.
 */
import { show } from './invalid.ts';
import { parseIp } from './ip.ts';
import { type Denial, missingVerb, type Policy } from './policy.ts';
import { forbidden, type OwnGround } from './policy-forbidden.ts';
import { allowsImage, registryOf } from './policy-image.ts';
import type { ContainerRecipe } from './recipe/recipe.ts';
import { runFlagNames } from './run-flags.ts';

type Judge = (value: unknown, allowed: (flag: string) => boolean) => string | undefined;

const harmless: Judge = () => undefined;

/** Denied unless the policy has the flag. @returns the flag that is missing */
function needs(flag: string, excused: (value: unknown) => boolean = () => false): Judge {
  return (value, allowed) => (excused(value) || allowed(flag) ? undefined : flag);
}

/** Members of the recipe itself; its body is judged by the two tables after this one. */
const recipeMembers: Readonly<Record<string, Judge>> = {
  image: harmless,
  platform: harmless,
  pull: harmless,
  name: needs('name'),
  body: harmless,
};

const bodyMembers: Readonly<Record<string, Judge>> = {
  Image: harmless,
  Cmd: harmless,
  Entrypoint: harmless,
  Env: harmless,
  WorkingDir: harmless,
  User: harmless,
  Hostname: harmless,
  Tty: harmless,
  OpenStdin: harmless,
  StopSignal: harmless,
  Healthcheck: harmless,
  StopTimeout: needs('stop-timeout'),
  Labels: needs('label'),
  Volumes: needs('volume'),
  ExposedPorts: needs('publish'),
  HostConfig: harmless,
};

const hostMembers: Readonly<Record<string, Judge>> = {
  Init: harmless,
  ReadonlyRootfs: harmless,
  Memory: harmless,
  NanoCpus: harmless,
  CapDrop: harmless,
  AutoRemove: harmless,
  NetworkMode: judgeNetwork,
  RestartPolicy: needs('restart', (value) => (value as { Name?: unknown } | null)?.Name === 'no'),
  SecurityOpt: needs('security-opt', onlyHardens),
  MaskedPaths: needs('security-opt'),
  ReadonlyPaths: needs('security-opt'),
  Privileged: needs('privileged'),
  CapAdd: needs('cap-add'),
  Devices: needs('device'),
  Binds: needs('volume'),
  Mounts: needs('mount'),
  Tmpfs: needs('tmpfs'),
  PortBindings: needs('publish'),
  ExtraHosts: needs('add-host'),
  Dns: needs('dns'),
  ShmSize: needs('shm-size'),
  Ulimits: needs('ulimit'),
};

/** @returns why not; undefined when it may */
export function judgeRun(recipe: ContainerRecipe, policy: Policy, own: OwnGround): Denial | undefined {
  const { image, body } = recipe;
  const missing = missingVerb(policy, 'docker-run', `starting ${show(image)}`);
  if (missing !== undefined) return missing;
  if (!policy.images.some((pattern) => allowsImage(pattern, image))) {
    return { rule: 'images', reason: `starting ${show(image)}: none of its images is that` };
  }
  const registry = forbiddenRegistry(image, own);
  if (registry !== undefined) return { rule: registry.rule, reason: `starting ${show(image)}: ${registry.reason}` };
  const allowed = (flag: string): boolean => policy.runFlags.includes(flag);
  const host = body['HostConfig'] ?? {};
  return (
    judgeMembers(recipe, recipeMembers, allowed) ??
    judgeMembers(body, bodyMembers, allowed) ??
    (isRecord(host) ? judgeMembers(host, hostMembers, allowed) : unknown('HostConfig'))
  );
}

/** The engine dials the registry that an image names; as far as that is an address, it is one like any other. */
function forbiddenRegistry(image: string, own: OwnGround): Denial | undefined {
  const { host, port } = registryOf(image) ?? {};
  if (host === undefined || port === undefined) return undefined;
  const literal = /^localhost$/i.test(host) ? '127.0.0.1' : host;
  return parseIp(literal) === undefined ? undefined : forbidden({ kind: 'ip', host: literal, port }, own, true);
}

/** What may stand in `run-flags`. */
export function isRunGrant(text: string): boolean {
  const [flag = '', ...value] = text.split('=');
  if (value.length > 0) return flag === 'network' && value.length === 1 && value[0] !== '';
  return (runFlagNames as readonly string[]).includes(flag);
}

function judgeMembers(
  members: object,
  table: Readonly<Record<string, Judge>>,
  allowed: (flag: string) => boolean,
): Denial | undefined {
  for (const [name, value] of Object.entries(members) as Array<[string, unknown]>) {
    if (value === undefined) continue;
    const judge = Object.hasOwn(table, name) ? table[name] : undefined;
    if (judge === undefined) return unknown(name);
    const flag = judge(value, allowed);
    if (flag !== undefined) {
      return { rule: 'run-flags', reason: `--${flag.replace('=', ' ')}: its run-flags do not include ${flag}` };
    }
  }
  return undefined;
}

/** A network of one's own, or of the engine's making, is the container's; that of the host or of another is not. */
function judgeNetwork(value: unknown, allowed: (flag: string) => boolean): string | undefined {
  const mode = String(value);
  if (['default', 'bridge', 'none'].includes(mode)) return undefined;
  const exact = `network=${mode}`;
  if (allowed(exact)) return undefined;
  // An id, or what could be the beginning of one, may be the host's.
  if (mode === 'host' || mode.includes(':') || /^[0-9a-f]+$/.test(mode)) return exact;
  return allowed('network') ? undefined : 'network';
}

function onlyHardens(value: unknown): boolean {
  return Array.isArray(value) && value.every((option) => /^no-new-privileges(?:[=:]true)?$/.test(String(option)));
}

function unknown(name: string): Denial {
  return { rule: 'run-flags', reason: `${name} of a container: no policy knows it` };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
