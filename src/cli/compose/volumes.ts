/**
 * Volumes of a service as flags of `docker run`: paths made absolute, names given their project as compose does.
 */
import { resolve } from 'node:path';
import { Fields, isRecord, scalar } from './fields.ts';
import { type Findings, untranslatable } from './findings.ts';

export interface VolumeNames {
  /** Directory of the compose file. */
  readonly directory: string;
  readonly home: string | undefined;
  /** Full name of a volume that the file declares. */
  readonly named: ReadonlyMap<string, string>;
}

/** Reads the top-level `volumes`: key → the name that Docker knows. @throws {WormholeError} WH_ERR_COMPOSE */
export function readVolumeNames(project: string, declared: unknown, findings: Findings): ReadonlyMap<string, string> {
  const volumes = new Fields('volumes', { volumes: declared }, findings).named('volumes');
  return new Map(
    volumes.map(([key, fields]) => {
      const external = fields.take('external') ?? false;
      const older = isRecord(external) ? external['name'] : undefined;
      const name = fields.text('name') ?? (typeof older === 'string' ? older : undefined);
      fields.take('labels');
      if (fields.rest().length > 0 && external === false) {
        const full = name ?? `${project}_${key}`;
        findings.note(
          'volumes',
          `${key}: ${fields.rest().join(' and ')} take effect when the volume is made; docker volume create ${full} with these first`,
        );
      }
      return [key, name ?? (external === false ? `${project}_${key}` : key)] as const;
    }),
  );
}

/** @throws {WormholeError} WH_ERR_COMPOSE */
export function volumeFlags(service: Fields, names: VolumeNames): string[] {
  const mounts = service
    .items('volumes')
    .flatMap((item) => (isRecord(item) ? long(item, service, names) : short(scalar('volumes', item), names)));
  return [...mounts, ...service.texts('tmpfs').flatMap((text) => ['--tmpfs', text])];
}

function short(text: string, names: VolumeNames): string[] {
  const [source = '', target, ...options] = text.split(':');
  if (target === undefined) return ['-v', source];
  return ['-v', [sourceOf(source, names), target, ...options].join(':')];
}

function long(item: Readonly<Record<string, unknown>>, service: Fields, names: VolumeNames): string[] {
  const fields = new Fields(service.where, item, service.findings);
  const type = fields.text('type') ?? 'volume';
  const target = fields.text('target');
  if (target === undefined) throw untranslatable('volumes: target is missing, the path in the container');
  const source = fields.text('source');
  const options = fields.isOn('read_only') ? ['ro'] : [];
  const part = (key: string): Fields => new Fields(service.where, fields.take(key) ?? {}, service.findings);
  const [volume, bind, tmpfs] = [part('volume'), part('bind'), part('tmpfs')];
  if (volume.isOn('nocopy')) options.push('nocopy');
  const propagation = bind.text('propagation');
  if (propagation !== undefined) options.push(propagation);
  const selinux = bind.text('selinux');
  if (selinux !== undefined) options.push(selinux);
  bind.take('create_host_path');
  const size = tmpfs.text('size');
  const mode = tmpfs.text('mode');
  fields.take('consistency');
  for (const rest of [fields, volume, bind, tmpfs]) {
    for (const key of rest.rest())
      service.note(`volumes: ${key} of ${target} is left out; docker-run has nothing like it`);
  }
  if (type === 'tmpfs') {
    const settings = [...(size === undefined ? [] : [`size=${size}`]), ...(mode === undefined ? [] : [`mode=${mode}`])];
    return ['--tmpfs', settings.length === 0 ? target : `${target}:${settings.join(',')}`];
  }
  if (type !== 'volume' && type !== 'bind')
    throw untranslatable(`volumes: type ${type} is not supported; volume, bind and tmpfs are`);
  if (source === undefined) return ['-v', target];
  const from = type === 'bind' ? absolute(source, names) : sourceOf(source, names);
  return ['-v', [from, target, ...(options.length === 0 ? [] : [options.join(',')])].join(':')];
}

function sourceOf(source: string, names: VolumeNames): string {
  if (/^[./~]/.test(source)) return absolute(source, names);
  const name = names.named.get(source);
  if (name !== undefined) return name;
  throw untranslatable(
    `volumes: ${source} is not declared under the file's own volumes; declare it, or write ./${source} for a directory`,
  );
}

function absolute(path: string, { directory, home }: VolumeNames): string {
  if (path !== '~' && !path.startsWith('~/')) return resolve(directory, path);
  if (home === undefined) throw untranslatable(`volumes: ${path}: HOME is not set; write the path in full`);
  return resolve(home, path.slice(2));
}
