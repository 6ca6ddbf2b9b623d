/** The name of a compose project, as compose chooses it. */
import { basename } from 'node:path';
import { untranslatable } from './findings.ts';

export interface ProjectSources {
  /** `--project`. */
  readonly given: string | undefined;
  /** COMPOSE_PROJECT_NAME. */
  readonly variable: string | undefined;
  /** `name:` of the file. */
  readonly declared: unknown;
  readonly directory: string;
}

/** @throws {WormholeError} WH_ERR_COMPOSE */
export function projectName({ given, variable, declared, directory }: ProjectSources): string {
  const said =
    given ?? (variable || undefined) ?? (typeof declared === 'string' && declared !== '' ? declared : undefined);
  const name =
    said ??
    basename(directory)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, '')
      .replace(/^[_-]+/, '');
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return name;
  throw untranslatable(
    `${JSON.stringify(name)} is no name of a project (lower-case letters, digits, "_" and "-"); give one: --project NAME`,
  );
}
