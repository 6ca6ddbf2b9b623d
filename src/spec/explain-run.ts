/**
 * What `explain` says of a container that is to be started, beyond its image: what reaches out of the container.
 *
 * Only what is safe to show and matters to somebody who judges the sentence: ports that Docker opens beside the
 * wormhole, a network that is not its own, mounts, privileges, and a life of its own.
 */
import { WormholeError } from '../lib/errors.ts';
import { andList } from './explain-place.ts';
import { formatHost } from './host.ts';
import type { RunPlan } from './plan.ts';
import { Flags } from './recipe/flags.ts';
import { readRestart } from './recipe/life.ts';
import { type Publication, parsePublication } from './recipe/ports.ts';
import { readRun } from './run.ts';

/** One sentence about `subject`, or none. Takes redacted words, too. */
export function runSentence({ words }: RunPlan, subject: string): string[] {
  try {
    const facts = factsOf(new Flags(readRun(words).flags));
    return facts.length === 0 ? [] : [`${subject} ${andList(facts)}.`];
  } catch (error) {
    // A plan can come from elsewhere than the parser; what cannot be read is not explained.
    if (WormholeError.is(error)) return [];
    throw error;
  }
}

function factsOf(flags: Flags): string[] {
  const network = flags.last('network', String);
  // Docker publishes nothing of a container in the host's network: it is open already.
  const published = network === 'host' ? [] : flags.all('publish', parsePublication);
  const mounts = flags.all('volume', String).length + flags.all('mount', String).length;
  const restart = flags.last('restart', readRestart)?.Name ?? 'no';
  return [
    ...(published.length === 0 ? [] : [`publishes its ${andList(published.map(publicationPlace))}`]),
    ...(network === 'host' ? ['shares the network of the host'] : []),
    ...(network?.startsWith('container:') === true ? [`shares the network of ${network.replace(':', ' ')}`] : []),
    ...(mounts === 0 ? [] : [`has ${mounts} mount${mounts === 1 ? '' : 's'}`]),
    ...(flags.isOn('privileged') === true ? ['is privileged (root in it is root of the host)'] : []),
    ...(restart === 'no' ? [] : [`is restarted by Docker itself (${restart})`]),
    ...(flags.isOn('rm') === true ? ['is removed when it ends'] : []),
  ];
}

function publicationPlace({ ip, host, container, protocol }: Publication): string {
  const inside = `port ${range(container)}/${protocol}`;
  const outside = host === undefined ? 'a free port' : `port ${range(host)}`;
  return `${inside} at ${outside} of ${ip === '' ? 'every address of the host' : formatHost(ip)}`;
}

function range([first, last]: readonly [number, number]): string {
  return first === last ? String(first) : `${first}-${last}`;
}
