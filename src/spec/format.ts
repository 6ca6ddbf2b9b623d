/**
 * The formatter: chain → canonical words. `parse(format(chain))` is the chain again.
 *
 * One order for everything: id, labels, then for each segment the head, `tail`, `trigger`, options of the tail,
 * link. The words hold secrets if the chain does; `redact.ts` takes them out.
 */
import { formatAddress } from './address.ts';
import type { Chain, EndpointSpec, Link, Segment } from './chain.ts';
import { headOptionRows, tailOptionRows, writeOptions } from './options.ts';
import { redactChain } from './redact.ts';
import { joinWords } from './shell.ts';
import { formatUrl } from './url.ts';
import { structureWords, type Word } from './words.ts';

/** The canonical words of a chain. */
export function format(chain: Chain): string[] {
  const id = chain.id === undefined ? [] : withArgument('id', chain.id);
  const labels = Object.entries(chain.labels).flatMap(([key, value]) => ['label', `${key}=${value}`]);
  return [...id, ...labels, ...formatSegment(chain.segment)];
}

/** The canonical words of a chain without its secrets, to show. */
export function redact(chain: Chain): string[] {
  return format(redactChain(chain));
}

function formatSegment(segment: Segment): string[] {
  const { head, headOptions, tail, trigger, tailOptions, link } = segment;
  // A head's container words need a part or a link behind them, or they would be read as the tail's.
  const headed = head.container !== undefined || head.run !== undefined || head.host === true;
  const showTail = tail.length > 0 || (headed && trigger === undefined && link === undefined);
  const dial = writeOptions(tailOptionRows, tailOptions);
  const parted = showTail || trigger !== undefined;
  return [
    ...formatEndpoint(head),
    ...writeOptions(headOptionRows, headOptions),
    ...(parted ? [] : dial),
    // Bare: it must stand directly before a part or a link.
    ...(head.host === true ? ['docker-ns'] : []),
    ...(showTail ? ['tail', ...formatPool(tail)] : []),
    ...(trigger === undefined ? [] : ['trigger', ...formatPool(trigger)]),
    ...(parted ? dial : []),
    ...(link === undefined ? [] : formatLink(link)),
  ];
}

function formatLink({ kind, peer, segment }: Link): string[] {
  const word = peer === undefined ? [kind] : withArgument(kind, formatAddress(peer));
  return [...word, ...formatSegment(segment)];
}

function formatPool(members: readonly EndpointSpec[]): string[] {
  return members.flatMap((member, index) => [...(index > 0 ? ['also'] : []), ...formatEndpoint(member)]);
}

function formatEndpoint({ url, container, run, connect }: EndpointSpec): string[] {
  return [
    ...(url === undefined ? [] : withArgument('url', formatUrl(url))),
    ...(container === undefined ? [] : withArgument('docker-ns', container)),
    ...(run === undefined ? [] : withArgument('docker-run', joinWords(run))),
    ...(connect === undefined ? [] : ['connect', connect]),
  ];
}

/** `word ARG`, or `word=ARG` where ARG would be read as a word. */
function withArgument(word: Word, argument: string): string[] {
  return structureWords.has(argument) ? [`${word}=${argument}`] : [word, argument];
}
