/**
 * Which images a pattern allows. Both are compared in Docker's full spelling:
 *
 *     mysql              docker.io/library/mysql, any tag and any digest
 *     mysql:8.*          its tags 8.…; not by digest, since a digest makes the engine ignore the tag
 *     shop/web@sha256:…  docker.io/shop/web, this content only
 *     registry.example/shop/**   everything below; ** alone: every image
 *
 * An image id names no repository, and neither does a word that the engine could take for the beginning of an id:
 * only `**`, or the id itself, allows them.
 */
import { glob } from './glob.ts';
import { invalid, show } from './invalid.ts';

/** Port of a registry that names none. */
const HTTPS = 443;

interface Reference {
  /** With registry, e.g. `docker.io/library/mysql`. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** @param image as `parseImage` let it pass */
export function allowsImage(pattern: string, image: string): boolean {
  if (pattern === '**' || pattern === image) return true;
  if (image.startsWith('sha256:') || /^[0-9a-f]{1,64}$/.test(image)) return false;
  const wanted = split(pattern);
  const given = split(image);
  if (!glob(wanted.name).test(given.name)) return false;
  if (given.digest !== undefined) {
    // Whatever its tag says: the digest decides what runs.
    return wanted.digest === undefined ? wanted.tag === undefined : wanted.digest === given.digest;
  }
  if (wanted.digest !== undefined) return false;
  return wanted.tag === undefined || glob(wanted.tag).test(given.tag ?? 'latest');
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID for what no image could match */
export function parseImagePattern(text: string): string {
  if (/^[A-Za-z0-9*?._:/@[\]-]+$/.test(text) && !/^[:/@]|[:/@]$/.test(text)) return text;
  throw invalid(
    `${show(text)} is not an image; write NAME, NAME:TAG or HOST/NAME@sha256:…, with * and ** as wildcards`,
  );
}

/** The host and port of the registry that an image is asked from; undefined for Docker's own, and for ids. */
export function registryOf(image: string): { readonly host: string; readonly port: number } | undefined {
  const [registry = ''] = split(image).name.split('/');
  if (registry === 'docker.io' || image.startsWith('sha256:')) return undefined;
  const [, host = '', port = String(HTTPS)] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(registry) ?? [];
  return { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(port) };
}

function split(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1).toLowerCase();
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  return {
    name: fullName(colon < 0 ? rest : rest.slice(0, colon)),
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** As Docker completes a familiar name. */
function fullName(name: string): string {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = first === 'localhost' || /[.:]|^\*\*$/.test(first) || first !== first.toLowerCase();
  const [registry, path] = isRegistry ? [first, name.slice(slash + 1)] : ['docker.io', name];
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return `${registry}/${path}`;
  return path.includes('/') ? `docker.io/${path}` : `docker.io/library/${path}`;
}
