/**
 * Refuses options that would do nothing where they stand: silence would look like success.
 */
import type { EndpointSpec, Segment } from './chain.ts';
import { invalid } from './invalid.ts';
import { headOptionRows, tailOptionRows } from './options.ts';
import type { HeadPlan } from './plan.ts';
import { type Inherited, isDatagram } from './plan-head.ts';
import type { Word } from './words.ts';

/** @throws {WormholeError} WH_ERR_SPEC_INVALID naming the option, the reason and the remedy */
export function checkOptions(segment: Segment, head: HeadPlan, here: Inherited): void {
  checkHeadOptions(segment, head, here);
  checkContainerOptions(segment, here);
  checkDialOptions(segment, head, here);
}

function checkHeadOptions({ headOptions }: Segment, head: HeadPlan, here: Inherited): void {
  const given = Object.keys(headOptions) as Array<keyof typeof headOptions>;
  for (const field of given) {
    const { word } = headOptionRows[field];
    if (head.arrival === 'carrier') throw refuse(here, word, 'nothing listens after remote; put it before the link');
    if ((field === 'mode' || field === 'owner') && head.protocol !== 'unix') {
      throw refuse(here, word, `the head is ${head.protocol}; only unix sockets have it (url unix:///PATH)`);
    }
  }
}

/** `ready`, `timeout`, `idle` and `on-idle` are about containers of this tail. */
function checkContainerOptions({ tail, trigger, tailOptions, link }: Segment, here: Inherited): void {
  const members = [...tail, ...(trigger ?? [])];
  const runs = members.some(({ run }) => run !== undefined);
  const named = runs || members.some(isContainer);
  for (const field of ['ready', 'timeoutMs', 'idleMs', 'onIdle'] as const) {
    const { word } = tailOptionRows[field];
    if (tailOptions[field] === undefined) continue;
    if (!named && link !== undefined && members.length === 0) {
      throw refuse(here, word, 'no container before the link; put it after the link, beside its container');
    }
    if (!named) throw refuse(here, word, 'the tail names no container; add docker-ns or docker-run');
    // What is stopped for being idle is started again.
    const started = runs || trigger !== undefined || (tailOptions.idleMs ?? 0) > 0;
    if ((field === 'ready' || field === 'timeoutMs') && !started) {
      throw refuse(here, word, 'nothing is started here; write trigger before the container, or docker-run');
    }
  }
  if (tailOptions.onIdle !== undefined && tailOptions.idleMs === undefined) {
    throw refuse(here, 'on-idle', 'without idle nothing is ever idle; add idle DUR');
  }
}

function isContainer({ url, container }: EndpointSpec): boolean {
  return container !== undefined || url?.namespace?.kind === 'container';
}

function checkDialOptions({ tail, trigger, tailOptions, link }: Segment, head: HeadPlan, here: Inherited): void {
  const members = [...tail, ...(trigger ?? [])];
  const carried = link !== undefined && link.kind !== 'child';
  for (const field of ['balance', 'proxyProtocol'] as const) {
    const { word } = tailOptionRows[field];
    if (carried && tailOptions[field] !== undefined) {
      throw refuse(here, word, `${link.kind} takes the connections; put it after the link, beside the targets`);
    }
  }
  if (tailOptions.auth !== undefined && !members.some(({ connect }) => connect !== undefined)) {
    throw refuse(here, 'auth', 'only clients that name their destination say who they are; add connect');
  }
  if (!isDatagram(head.protocol)) return;
  if (tailOptions.proxyProtocol !== undefined) {
    throw refuse(here, 'proxy-protocol', 'the head is udp; the PROXY header begins a stream');
  }
  if (tailOptions.connectTimeoutMs !== undefined) {
    throw refuse(here, 'connect-timeout', 'the head is udp, where nothing is connected; leave it out');
  }
}

function refuse({ segment }: Inherited, word: Word, reason: string): Error {
  return invalid(`${word} means nothing here: ${reason}`, { word, segment });
}
