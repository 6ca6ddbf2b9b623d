/**
 * `-v`, `--mount` and `--tmpfs` together: what is mounted where, and that no two things are mounted in one place.
 *
 * Relative sources are the command line's to resolve: the daemon has no directory and no home of the caller.
 */
import { invalid, show } from '../invalid.ts';
import { plainPath } from '../path.ts';
import { type Flags, member, type Part, wrong } from './flags.ts';
import { readMount } from './mount.ts';
import { checkVolumeName, refuseRelative } from './source.ts';
import { readTmpfs } from './tmpfs.ts';

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readVolumes(flags: Flags): Part {
  const volumes = flags.all('volume', readVolume);
  const mounts = flags.all('mount', readMount);
  // The last options for each path count.
  const tmpfs = Object.fromEntries(flags.all('tmpfs', readTmpfs));
  const anonymous = volumes.filter(({ bind }) => bind === undefined).map(({ target }) => [target, {}]);
  const named = volumes.filter(({ bind }) => bind !== undefined);
  const targets = [
    ...[...new Map(named.map((volume) => [volume.bind, volume])).values()].map(({ target }) => target),
    ...mounts.map(({ Target }) => Target),
    ...Object.keys(tmpfs),
  ].map(plainPath);
  const seen = new Set<string>();
  const twice = targets.find((target) => seen.size === seen.add(target).size);
  if (twice !== undefined) {
    throw wrong(
      mounts.length > 0 ? 'mount' : 'volume',
      `two things are mounted at ${show(twice)}; leave one of them out`,
    );
  }
  return {
    config: anonymous.length === 0 ? {} : { Volumes: Object.fromEntries(anonymous) },
    host: {
      ...member('Binds', [...new Set(named.map(({ bind }) => bind))]),
      ...member('Mounts', mounts),
      ...(Object.keys(tmpfs).length > 0 && { Tmpfs: tmpfs }),
    },
  };
}

/** Options of `-v`; of each kind one. */
const kinds = {
  access: ['ro', 'rw'],
  label: ['z', 'Z'],
  propagation: ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'],
  copy: ['nocopy'],
  consistency: ['consistent', 'cached', 'delegated'],
};

/** `bind` is absent for an anonymous volume. */
interface Volume {
  readonly target: string;
  readonly bind?: string;
}

/** `[SOURCE:]TARGET[:OPTIONS]`; SOURCE is a path of the host or the name of a volume. */
function readVolume(text: string): Volume {
  const [first = '', second, options, ...more] = text.split(':');
  const shape = 'write SOURCE:PATH, SOURCE:PATH:ro, or PATH alone for a volume without a name';
  if (more.length > 0) throw invalid(`${show(text)} has too many colons; ${shape}`);
  const target = second ?? first;
  if (!target.startsWith('/')) {
    throw invalid(`${show(target)} is not an absolute path inside the container; ${shape}`);
  }
  if (plainPath(target) === '/')
    throw invalid('nothing can be mounted over the whole of the container; name a directory in it');
  if (second === undefined) return { target };
  refuseRelative(first);
  if (!first.startsWith('/')) checkVolumeName(first);
  if (options !== undefined) checkOptions(options);
  return { target, bind: text };
}

function checkOptions(text: string): void {
  const seen = new Set<string>();
  for (const option of text.split(',')) {
    const kind = Object.entries(kinds).find(([, options]) => options.includes(option))?.[0];
    if (kind === undefined) {
      throw invalid(`${show(option)} is not an option; the options are ${Object.values(kinds).flat().join(', ')}`);
    }
    if (seen.has(kind)) throw invalid(`${show(text)} says two things about its ${kind}; leave one out`);
    seen.add(kind);
  }
}
