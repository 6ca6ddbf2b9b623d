/**
 * One service of a compose file, read: its container, its ports, whom it talks to. Every key that means nothing here is told.
 */
import { type Container, type ContainerSources, readContainer } from './container.ts';
import { Fields } from './fields.ts';
import { type Findings, untranslatable } from './findings.ts';
import { knownPort } from './known-ports.ts';
import { readPorts, type ServicePort } from './ports.ts';
import { type Reach, readReach } from './reach.ts';

export interface Service {
  readonly name: string;
  readonly container: Container;
  readonly ports: readonly ServicePort[];
  readonly reaches: readonly Reach[];
  /** Names that others know it by, beside its own, from `networks`. */
  readonly aliases: readonly string[];
}

const hints: ReadonlyMap<string, string> = new Map(
  Object.entries({
    restart: 'the next connection starts a container that has ended',
    scale: 'one container is started, however many clients come',
    secrets: 'mount the file with volumes: ./FILE:/run/secrets/NAME:ro',
    configs: 'mount the file with volumes: ./FILE:/PATH:ro',
    extends: 'docker compose config prints the file with everything resolved; translate that',
    volumes_from: 'name the volumes themselves',
    external_links: 'give its own wormhole: wormhole create url :PORT docker-ns THIS tail docker-ns OTHER',
    logging: "docker's own default is used",
  }),
);

/** @throws {WormholeError} WH_ERR_COMPOSE, WH_ERR_SPEC_INVALID */
export function readService(
  name: string,
  values: unknown,
  all: readonly string[],
  sources: ContainerSources,
  findings: Findings,
): Service {
  const fields = new Fields(name, values, findings);
  const base = readContainer(fields, name, sources);
  const container = { ...base, flags: [...base.flags, ...networkFlags(fields)] };
  const ports = readPorts(fields);
  const usual = knownPort(container.image);
  const reaches = readReach(name, fields, container, all);
  const aliases = readAliases(fields);
  // They say nothing of the container: of profiles it was told already.
  for (const key of ['profiles', 'attach', 'develop']) fields.take(key);
  for (const key of fields.rest())
    fields.note(`${key} is left out; ${hints.get(key) ?? 'docker-run has no flag for it'}`);
  const ownPorts: readonly ServicePort[] =
    ports.length === 0 && usual !== undefined ? [{ protocol: 'tcp', port: usual }] : ports;
  return { name, container, ports: ownPorts, reaches, aliases };
}

function networkFlags(fields: Fields): string[] {
  const mode = fields.text('network_mode');
  if (mode === undefined || mode === 'bridge' || mode === 'default') return [];
  if (mode === 'none') return ['--network', 'none'];
  throw untranslatable(
    `network_mode: ${mode} has no namespace of its own to connect to; leave the service to docker compose, and name the others: wormhole compose FILE SERVICE...`,
  );
}

/** Networks themselves have no counterpart: each way between two services is a listener of its own. */
function readAliases(fields: Fields): string[] {
  return fields.named('networks').flatMap(([network, settings]) => {
    const aliases = settings.texts('aliases');
    for (const key of settings.rest())
      fields.note(`networks: ${network}: ${key} is left out; the service is reached through wormholes`);
    return aliases;
  });
}
