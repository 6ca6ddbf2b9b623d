/** `--mount type=bind|volume|tmpfs,source=…,target=…,…`: one mount, said in full. */
import { invalid, show } from '../invalid.ts';
import { parseSize } from '../number.ts';
import { plainPath } from '../path.ts';
import { splitCsv } from './csv.ts';
import { checkVolumeName, refuseRelative } from './source.ts';

/** As the engine takes it. */
export interface Mount {
  readonly Type: MountType;
  readonly Source?: string;
  readonly Target: string;
  readonly [member: string]: unknown;
}

type MountType = 'bind' | 'volume' | 'tmpfs';

const propagations = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'];

/** What each key says; the value is '' where none was written. Messages never repeat a value of `volume-opt`. */
const keys: Readonly<Record<string, (mount: Draft, value: string) => void>> = {
  type: (mount, value) => {
    const type = value.toLowerCase();
    if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') {
      throw invalid(`${show(value)} is not a type of mount; write bind, volume or tmpfs`);
    }
    mount.type = type;
  },
  source: (mount, value) => (mount.source = value),
  target: (mount, value) => (mount.target = value),
  readonly: (mount, value) => (mount.readOnly = readFlag('readonly', value)),
  consistency: (mount, value) => {
    if (!['default', 'consistent', 'cached', 'delegated'].includes(value.toLowerCase())) {
      throw invalid(`${show(value)} is not a consistency; write consistent, cached or delegated`);
    }
    mount.consistency = value.toLowerCase();
  },
  'bind-propagation': (mount, value) => {
    if (!propagations.includes(value.toLowerCase())) {
      throw invalid(`${show(value)} is not a propagation; write one of ${propagations.join(', ')}`);
    }
    mount.bind['Propagation'] = value.toLowerCase();
  },
  'bind-nonrecursive': (mount, value) => (mount.bind['NonRecursive'] = readFlag('bind-nonrecursive', value)),
  'volume-nocopy': (mount, value) => (mount.volume['NoCopy'] = readFlag('volume-nocopy', value)),
  'volume-label': (mount, value) => addPair(mount.labels, value),
  'volume-driver': (mount, value) => (mount.driver = value),
  'volume-opt': (mount, value) => addPair(mount.driverOptions, value),
  'tmpfs-size': (mount, value) => (mount.tmpfs['SizeBytes'] = parseSize(value)),
  'tmpfs-mode': (mount, value) => {
    if (!/^[0-7]{1,4}$/.test(value))
      throw invalid(`${show(value)} is not octal permission bits; write for example 1777`);
    mount.tmpfs['Mode'] = Number.parseInt(value, 8);
  },
};

const synonyms: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};

/** Keys that may stand without a value. */
const switches = new Set(['readonly', 'bind-nonrecursive', 'volume-nocopy']);

interface Draft {
  type: MountType;
  source: string;
  target: string;
  readOnly: boolean;
  consistency: string;
  readonly bind: Record<string, unknown>;
  readonly volume: Record<string, unknown>;
  readonly labels: Map<string, string>;
  driver: string;
  readonly driverOptions: Map<string, string>;
  readonly tmpfs: Record<string, unknown>;
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readMount(text: string): Mount {
  const draft: Draft = {
    type: 'volume',
    source: '',
    target: '',
    readOnly: false,
    consistency: '',
    bind: {},
    volume: {},
    labels: new Map(),
    driver: '',
    driverOptions: new Map(),
    tmpfs: {},
  };
  // A comma inside an option of a driver begins a field, and that may be a password.
  const mayShow = !/volume-opt/i.test(text);
  for (const field of splitCsv(text)) readField(draft, field, mayShow);
  return finish(draft);
}

function readField(draft: Draft, field: string, mayShow: boolean): void {
  const equals = field.indexOf('=');
  const name = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const key = Object.hasOwn(synonyms, name) ? (synonyms[name] ?? name) : name;
  const read = Object.hasOwn(keys, key) ? keys[key] : undefined;
  const shown = mayShow ? show(name) : 'a field';
  if (read === undefined) throw invalid(`${shown} is not a key; the keys are ${Object.keys(keys).join(', ')}`);
  if (equals < 0 && !switches.has(key)) throw invalid(`${show(key)} has no value; write ${key}=VALUE`);
  read(draft, equals < 0 ? 'true' : field.slice(equals + 1));
}

function finish(draft: Draft): Mount {
  const { type, source, target, readOnly, consistency, bind, tmpfs } = draft;
  if (!target.startsWith('/') || plainPath(target) === '/') {
    throw invalid('the mount needs an absolute path inside the container; write target=/PATH');
  }
  if (type === 'bind' && source === '') throw invalid('a bind mount needs a path of the host; write source=/PATH');
  if (type === 'bind') refuseRelative(source);
  if (type === 'bind' && !source.startsWith('/')) {
    throw invalid(`source ${show(source)} is not absolute; write the whole path`);
  }
  if (type === 'volume' && source !== '') checkVolumeName(source);
  if (type === 'tmpfs' && source !== '') throw invalid('a tmpfs has no source; leave it out');
  const volume = volumeOptions(draft);
  const options = { bind, volume, tmpfs };
  for (const [kind, given] of Object.entries(options)) {
    if (kind !== type && Object.keys(given).length > 0) {
      throw invalid(`${kind}-… options are for type=${kind}, and this is a ${type}; leave them out or change the type`);
    }
  }
  return {
    Type: type,
    ...(source !== '' && { Source: source }),
    Target: target,
    ...(readOnly && { ReadOnly: true }),
    ...(consistency !== '' && { Consistency: consistency }),
    ...(Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...(Object.keys(volume).length > 0 && { VolumeOptions: volume }),
    ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
  };
}

function volumeOptions({ volume, labels, driver, driverOptions }: Draft): Record<string, unknown> {
  const config = {
    ...(driver !== '' && { Name: driver }),
    ...(driverOptions.size > 0 && { Options: Object.fromEntries(driverOptions) }),
  };
  return {
    ...volume,
    ...(labels.size > 0 && { Labels: Object.fromEntries(labels) }),
    ...(Object.keys(config).length > 0 && { DriverConfig: config }),
  };
}

/** As Go's strconv.ParseBool. */
function readFlag(key: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw invalid(`${key} is ${show(value)}; write true or false`);
}

/** Adds `KEY=VALUE`, or `KEY` with an empty value. */
function addPair(pairs: Map<string, string>, text: string): void {
  const equals = text.indexOf('=');
  if (equals < 0) pairs.set(text, '');
  else pairs.set(text.slice(0, equals), text.slice(equals + 1));
}
