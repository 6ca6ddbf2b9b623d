/** Memory, processors, limits: what the container may use. */
import { invalid, show } from '../invalid.ts';
import { parseSize } from '../number.ts';
import { type Flags, member, type Part } from './flags.ts';

/** The least that the engine takes, in bytes. */
const MEMORY_MIN = 6 * 1024 * 1024;

/** The least in billionths of a processor: 1 ms of the kernel's period of 100 ms. */
const NANO_CPUS_MIN = 10_000_000;

const limitNames = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readResources(flags: Flags): Part {
  // The last value for each limit counts.
  const limits = new Map(flags.all('ulimit', readLimit).map((limit) => [limit.Name, limit]));
  return {
    host: {
      ...member('Memory', flags.last('memory', readMemory)),
      ...member('NanoCpus', flags.last('cpus', readCpus)),
      ...member('ShmSize', flags.last('shm-size', parseSize)),
      ...member('Ulimits', Array.from(limits.values())),
    },
  };
}

/** Bytes; 0 = no limit. */
function readMemory(text: string): number {
  const bytes = parseSize(text);
  if (bytes > 0 && bytes < MEMORY_MIN) throw invalid(`${show(text)} is too little; the least is 6m`);
  return bytes;
}

/** Billionths of a processor; 0 = no limit. */
function readCpus(text: string): number {
  const match = /^([0-9]{0,6})(?:\.([0-9]{0,9}))?$/.exec(text);
  const [, whole = '', part = ''] = match ?? [];
  if (whole + part === '') {
    throw invalid(`${show(text)} is not a number of processors; write for example 2, 1.5 or 0.25`);
  }
  const nano = Number(whole) * 1e9 + Number(part.padEnd(9, '0'));
  if (nano > 0 && nano < NANO_CPUS_MIN) throw invalid(`${show(text)} is too little; the least is 0.01`);
  return nano;
}

interface Limit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** `NAME=SOFT[:HARD]`; -1 = unlimited; without HARD it is SOFT. */
function readLimit(text: string): Limit {
  const match = /^([a-z]+)=(-1|[0-9]{1,15})(?::(-1|[0-9]{1,15}))?$/.exec(text);
  const [, name = '', softText = '', hardText = softText] = match ?? [];
  if (match === null)
    throw invalid(`${show(text)} is not a limit; write NAME=SOFT or NAME=SOFT:HARD, for example nofile=1024:2048`);
  if (!limitNames.has(name)) {
    throw invalid(`${show(name)} is not the name of a limit; the names are ${Array.from(limitNames).join(', ')}`);
  }
  const soft = Number(softText);
  const hard = Number(hardText);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw invalid(`${show(text)} has a soft limit above the hard one; write the smaller number first`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}
