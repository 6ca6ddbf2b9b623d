/**
 * The recipe of a container: what the words of a `docker-run` ask of the engine.
 *
 *     words ─► readRun ─► flags ─► body of POST /containers/create (Engine API 1.41)
 *
 * Means what Docker's own command line means by the same flags, detached. Pure: whatever needs a file, an
 * environment or a home directory was resolved by the command line before, and is refused here. Values are checked as
 * far as that is possible without the engine, so that a mistake is told before anything is asked. No message repeats a value
 * that may be secret: environment, health command, words of the command.
 */
import { readRun } from '../run.ts';
import { Flags } from './flags.ts';

/** All that is needed to make one container. */
export interface ContainerRecipe {
  readonly image: string;
  /** Absent = the engine picks one. */
  readonly name?: string;
  /** OS[/ARCH[/VARIANT]]; absent = the engine's own. */
  readonly platform?: string;
  /** When the image is pulled. */
  readonly pull: 'missing' | 'always' | 'never';
  /** Body of POST /containers/create, without labels of ours; `name` and `platform` go into its query. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID naming the flag and the remedy */
export function recipeOf(words: readonly string[]): ContainerRecipe {
  const { flags: given, image, command } = readRun(words);
  const flags = new Flags(given);
  const name = flags.last('name', String);
  const platform = flags.last('platform', String);
  return {
    image,
    ...(name !== undefined && { name }),
    ...(platform !== undefined && { platform }),
    pull: 'missing',
    body: {
      Image: image,
      ...(command.length > 0 && { Cmd: command }),
      Env: flags.all('env', String),
      Tty: flags.isOn('tty') === true,
      OpenStdin: flags.isOn('interactive') === true,
      HostConfig: {
        NetworkMode: flags.last('network', String) ?? 'default',
        AutoRemove: flags.isOn('rm') === true,
        ReadonlyRootfs: flags.isOn('read-only') === true,
        Privileged: flags.isOn('privileged') === true,
      },
    },
  };
}
