/**
 * A service's container as the words of a `docker-run`: flags, image, command.
 */
import { splitWords } from '../../spec/shell.ts';
import { type EnvironmentSources, readEnvironment } from './environment.ts';
import { type Fields, scalar } from './fields.ts';
import { untranslatable } from './findings.ts';
import { healthFlags } from './healthcheck.ts';
import { resourceFlags } from './resources.ts';
import { type VolumeNames, volumeFlags } from './volumes.ts';

export interface Container {
  readonly name: string;
  readonly image: string;
  /** All flags but the name and the hosts of other services. */
  readonly flags: readonly string[];
  /** Words behind the image. */
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
}

export interface ContainerSources extends EnvironmentSources, VolumeNames {
  readonly project: string;
}

/** Keys with one text, and the flag for each. */
const single: Readonly<Record<string, string>> = {
  working_dir: '-w',
  user: '-u',
  hostname: '-h',
  platform: '--platform',
  stop_signal: '--stop-signal',
};
const repeated: Readonly<Record<string, string>> = {
  cap_add: '--cap-add',
  cap_drop: '--cap-drop',
  security_opt: '--security-opt',
  dns: '--dns',
};
const switches: Readonly<Record<string, string>> = {
  read_only: '--read-only',
  privileged: '--privileged',
  init: '--init',
  tty: '-t',
  stdin_open: '-i',
};

/** @throws {WormholeError} WH_ERR_COMPOSE */
export function readContainer(service: Fields, name: string, sources: ContainerSources): Container {
  const image = service.text('image');
  if (service.take('build') !== undefined) {
    if (image === undefined) {
      throw untranslatable(
        `build: nothing is built here; docker compose build ${name}, and give the service an image: of that name`,
      );
    }
    service.note(`build is left out; build ${image} first: docker compose build ${name}`);
  }
  if (image === undefined) throw untranslatable('image is missing');
  const environment = readEnvironment(service, sources);
  const entrypoint = words(service, 'entrypoint');
  const given = words(service, 'command') ?? [];
  const [program, ...arguments_] = entrypoint ?? [];
  const command = [...arguments_, ...given];
  const flags: string[] = [];
  for (const [key, flag] of Object.entries(single)) {
    const text = service.text(key);
    if (text !== undefined) flags.push(flag, text);
  }
  for (const [key, flag] of Object.entries(repeated)) flags.push(...service.texts(key).flatMap((text) => [flag, text]));
  for (const [key, flag] of Object.entries(switches)) if (service.isOn(key)) flags.push(flag);
  for (const [label, value] of service.pairs('labels')) flags.push('-l', `${label}=${value ?? ''}`);
  for (const [host, ip] of service.pairs('extra_hosts', /[=:]/)) flags.push('--add-host', `${host}:${ip ?? ''}`);
  for (const [key, value] of environment) flags.push('-e', `${key}=${value}`);
  flags.push(
    ...volumeFlags(service, sources),
    ...resourceFlags(service),
    ...healthFlags(service),
    ...pullFlags(service),
  );
  if (entrypoint !== undefined) flags.push('--entrypoint', program ?? '');
  return {
    name: service.text('container_name') ?? `${sources.project}-${name}-1`,
    image,
    flags,
    command,
    environment,
  };
}

/** A text is split as a shell does; nothing in it is expanded, since nothing is in a shell. */
function words(service: Fields, key: string): string[] | undefined {
  const value = service.take(key);
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map((one) => scalar(key, one)) : splitWords(scalar(key, value));
}

function pullFlags(service: Fields): string[] {
  const policy = service.text('pull_policy');
  if (policy === undefined) return [];
  if (policy === 'always' || policy === 'never' || policy === 'missing') return ['--pull', policy];
  if (policy === 'if_not_present') return ['--pull', 'missing'];
  service.note(`pull_policy: ${policy} is left out; always, missing and never can be had`);
  return [];
}
