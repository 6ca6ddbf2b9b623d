/**
 * Environment of a service: files first, the service's own words over them, a bare name from the caller's environment.
 */
import { Fields, isRecord, scalar } from './fields.ts';
import { untranslatable } from './findings.ts';

/** Reads a file of the compose file's directory as its variables; undefined when it does not exist. */
export type ReadEnvFile = (path: string) => ReadonlyMap<string, string> | undefined;

export interface EnvironmentSources {
  readonly readFile: ReadEnvFile;
  readonly get: (name: string) => string | undefined;
}

/** Names with their values, in the order in which they were first named. @throws {WormholeError} WH_ERR_COMPOSE */
export function readEnvironment(service: Fields, { readFile, get }: EnvironmentSources): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const { path, required } of envFiles(service)) {
    const variables = readFile(path);
    if (variables === undefined && required)
      throw untranslatable(`env_file: ${path} does not exist; create it, or say required: false`);
    for (const [name, value] of variables ?? []) environment.set(name, value);
  }
  for (const [name, value] of service.pairs('environment')) {
    const own = value ?? get(name);
    // A bare name that is not set takes the variable out, also one of a file.
    if (own === undefined) environment.delete(name);
    else environment.set(name, own);
  }
  return environment;
}

function envFiles(service: Fields): Array<{ readonly path: string; readonly required: boolean }> {
  const value = service.take('env_file');
  const entries = Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
  return entries.map((entry: unknown) => {
    if (!isRecord(entry)) return { path: scalar('env_file', entry), required: true };
    const fields = new Fields(service.where, entry, service.findings);
    const path = fields.text('path');
    if (path === undefined) throw untranslatable('env_file: path is missing');
    const required = fields.has('required') ? fields.isOn('required') : true;
    if (fields.has('format'))
      fields.note(`env_file: format of ${path} is left out; the file is read as compose reads .env`);
    return { path, required };
  });
}
