/**
 * The recipe of a container: what the words of a `docker-run` ask of the engine.
 *
 *     words ─► readRun ─► one part for each concern ─► body of POST /containers/create (Engine API 1.41)
 *
 * Means what Docker's own command line means by the same flags, detached. Pure: whatever needs a file, an
 * environment or a home directory was resolved by the command line before, and is refused here. Values are checked
 * as far as that is possible without the engine, so that a mistake is told before anything is asked. No message
 * repeats a value that may be secret: environment, health command, words of the command.
 */
import { invalid, show } from '../invalid.ts';
import { readRun } from '../run.ts';
import { readEnvironment } from './environment.ts';
import { Flags, type Part } from './flags.ts';
import { readHealth } from './health.ts';
import { readLife } from './life.ts';
import { readNetwork } from './network.ts';
import { expandPorts, type Publication, readPublications } from './ports.ts';
import { readProcess } from './process.ts';
import { readResources } from './resources.ts';
import { readSecurity } from './security.ts';
import { readVolumes } from './volumes.ts';

/** All that is needed to make one container. */
export interface ContainerRecipe {
  /** Reference as written. */
  readonly image: string;
  /** Absent = the engine picks one. */
  readonly name?: string;
  /** OS[/ARCH[/VARIANT]]; absent = the engine's own. */
  readonly platform?: string;
  /** When to ask a registry: for an image that is not here, each time, or never. */
  readonly pull: 'missing' | 'always' | 'never';
  /** Body of POST /containers/create, without labels of ours; `name` and `platform` go into its query. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Checks the words as {@link recipeOf} does, without the work of writing every port down. @throws {WormholeError} as there */
export function checkRun(words: readonly string[]): void {
  readAll(words);
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID naming the flag and the remedy */
export function recipeOf(words: readonly string[]): ContainerRecipe {
  const { parts, published, ...recipe } = readAll(words);
  const all = [...parts, expandPorts(published)];
  return {
    ...recipe,
    body: {
      Image: recipe.image,
      ...Object.assign({}, ...all.map(({ config }) => config)),
      HostConfig: Object.assign({}, ...all.map(({ host }) => host)),
    },
  };
}

interface Read extends Omit<ContainerRecipe, 'body'> {
  readonly parts: readonly Part[];
  readonly published: readonly Publication[];
}

function readAll(words: readonly string[]): Read {
  const { flags: given, image, command } = readRun(words);
  const flags = new Flags(given);
  const name = flags.last('name', readName);
  const platform = flags.last('platform', readPlatform);
  return {
    image,
    ...(name !== undefined && { name }),
    ...(platform !== undefined && { platform }),
    pull: flags.last('pull', readPull) ?? 'missing',
    parts: [
      readProcess(flags, command),
      readEnvironment(flags),
      readVolumes(flags),
      readNetwork(flags),
      readResources(flags),
      readSecurity(flags),
      readHealth(flags),
      readLife(flags),
    ],
    published: readPublications(flags),
  };
}

function readName(text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(text)) return text;
  throw invalid(`${show(text)} is not a name (two or more letters, digits, "_", "." and "-", a letter or digit first)`);
}

function readPlatform(text: string): string {
  if (/^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_.-]+){0,2}$/.test(text)) return text;
  throw invalid(`${show(text)} is not a platform; write OS/ARCH, for example linux/arm64`);
}

function readPull(text: string): ContainerRecipe['pull'] {
  if (text === 'missing' || text === 'always' || text === 'never') return text;
  throw invalid(`${show(text)} is not known; write missing, always or never`);
}
