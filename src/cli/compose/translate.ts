/**
 * Compose file → sentences: pure, but for the files that the services themselves name.
 */
import { recipeOf } from '../../spec/recipe/recipe.ts';
import { parse, plan } from '../../spec/spec.ts';
import type { ContainerSources } from './container.ts';
import type { Data } from './document.ts';
import { type Door, doorsOf } from './doors.ts';
import { Fields, isRecord } from './fields.ts';
import { type Findings, untranslatable } from './findings.ts';
import { type Sentence, sentencesOf } from './sentence.ts';
import { readService, type Service } from './service.ts';

export interface TranslateOptions {
  readonly sources: ContainerSources;
  /** Services to translate, with those they talk to; empty = all without a profile. */
  readonly only: readonly string[];
  readonly bind: string;
  readonly runDirectory: string;
  readonly idle: string | undefined;
}

/** Services that are talked to come first. @throws {WormholeError} WH_ERR_COMPOSE with everything else in `findings` */
export function translate(document: Data, options: TranslateOptions, findings: Findings): Sentence[] {
  const { sources } = options;
  const { project } = sources;
  const declared = servicesOf(document, findings);
  const names = Object.keys(declared);
  const services = new Map<string, Service>();
  const wanted = [...chosen(declared, options.only, findings)];
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (services.has(name)) continue;
    const at = name;
    const service = findings.collect(at, () => readService(at, declared[at] ?? {}, names, sources, findings));
    if (service === undefined) continue;
    services.set(name, service);
    wanted.push(...service.reaches.map((reach) => reach.service));
  }
  const reached = new Set([...services.values()].flatMap(({ reaches }) => reaches.map(({ service }) => service)));
  const doors = new Map<string, readonly Door[]>();
  for (const [name, service] of services) {
    const note = (text: string): void => findings.note(name, text);
    doors.set(name, doorsOf(service, reached.has(name), { ...options, project }, note));
  }
  const sentences = inOrder(services).flatMap((service) => {
    const note = (text: string): void => findings.note(service.name, text);
    const made = findings.collect(service.name, () => {
      const sentences = sentencesOf(service, { project, idle: options.idle, doors, services, note });
      for (const { words } of sentences) check(words);
      return sentences;
    });
    return made ?? [];
  });
  findings.settle();
  return sentences;
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID for what the daemon would refuse, values of flags included */
function check(words: readonly string[]): void {
  const { segment } = plan(parse(words));
  for (const { run } of segment.tail.targets) if (run !== undefined) recipeOf(run.words);
}

function servicesOf(document: Data, findings: Findings): Data {
  const fields = new Fields('the file', document, findings);
  for (const key of ['version', 'name', 'volumes']) fields.take(key);
  if (fields.take('include') !== undefined) {
    throw untranslatable(
      'include: other files are not read; docker compose config prints one file with everything in it',
    );
  }
  for (const [name, network] of fields.named('networks')) {
    const kept = network.rest();
    if (kept.length > 0)
      fields.note(
        `networks: ${name}: ${kept.join(' and ')} left out; containers are in Docker's default network and reach each other through wormholes`,
      );
  }
  for (const key of ['secrets', 'configs']) fields.take(key);
  const services = fields.take('services');
  if (!isRecord(services) || Object.keys(services).length === 0)
    throw untranslatable('it is no compose file; it has no services:');
  for (const key of fields.rest()) fields.note(`${key} is left out; nothing here corresponds to it`);
  return services;
}

function chosen(declared: Data, only: readonly string[], findings: Findings): string[] {
  const unknown = only.find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined)
    throw untranslatable(`no service ${unknown}; there are ${Object.keys(declared).join(', ')}`);
  if (only.length > 0) return [...only];
  return Object.entries(declared).flatMap(([name, service]) => {
    const profiles = isRecord(service) && Array.isArray(service['profiles']) ? service['profiles'] : [];
    if (profiles.length === 0) return [name];
    findings.note(
      name,
      `it is in profile ${profiles.join(', ')} and left out; name it to have it: wormhole compose FILE ${name}`,
    );
    return [];
  });
}

/** Those that others talk to before these others, as far as they do not talk to each other. */
function inOrder(services: ReadonlyMap<string, Service>): Service[] {
  const ordered = new Set<Service>();
  const entered = new Set<string>();
  const visit = (name: string): void => {
    const service = services.get(name);
    if (service === undefined || entered.has(name)) return;
    entered.add(name);
    for (const reach of service.reaches) visit(reach.service);
    ordered.add(service);
  };
  for (const name of services.keys()) visit(name);
  return [...ordered];
}
