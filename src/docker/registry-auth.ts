/**
 * Who we are to a registry: what `docker login` left in the configuration of the daemon's own user.
 *
 * Read anew for each pull, because a login may come later. Only what stands in the file is used: credential helpers are programs,
 * and the daemon is root. Nothing of it is ever logged.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { EngineEnvironment } from './address.ts';
import { hub } from './reference.ts';

/** What the engine passes on to the registry. */
export type RegistryAuth =
  | { readonly serveraddress: string; readonly username: string; readonly password: string }
  | { readonly serveraddress: string; readonly identitytoken: string }
  | { readonly serveraddress: string; readonly registrytoken: string };

/** The name under which Docker's client keeps the login at its own registry. */
const hubAddress = 'https://index.docker.io/v1/';

/** @returns undefined when there is no login for this registry, or the file cannot be read */
export function registryAuth(registry: string, env: EngineEnvironment): RegistryAuth | undefined {
  const directory = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker');
  try {
    return authOf(JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')), registry);
  } catch {
    return undefined;
  }
}

/** @param config the parsed file, of any shape */
export function authOf(config: unknown, registry: string): RegistryAuth | undefined {
  const serveraddress = registry === hub ? hubAddress : registry;
  const auths = record(record(config)?.['auths']) ?? {};
  const [, entry] = Object.entries(auths).find(([key]) => hostOf(key) === hostOf(serveraddress)) ?? [];
  const { auth, username, password, identitytoken, registrytoken } = record(entry) ?? {};
  if (isText(identitytoken)) return { serveraddress, identitytoken };
  if (isText(registrytoken)) return { serveraddress, registrytoken };
  if (isText(username) && isText(password)) return { serveraddress, username, password };
  if (!isText(auth)) return undefined;
  const both = Buffer.from(auth, 'base64').toString().replace(/\0+$/, '');
  const colon = both.indexOf(':');
  if (colon < 1) return undefined;
  return { serveraddress, username: both.slice(0, colon), password: both.slice(colon + 1) };
}

/** Keys may be addresses of old: `https://registry.example/v1/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
