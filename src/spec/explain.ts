/**
 * The plan in plain English, one numbered station after the other in the order a connection meets them.
 *
 * Says nothing that may be secret: of a `docker-run` the image is named, and what `explain-run.ts` has to say.
 */
import { formatAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import { andList, headPlace, runImage, targetPlace } from './explain-place.ts';
import { runSentence } from './explain-run.ts';
import { formatMode } from './number.ts';
import type { HeadPlan, LinkPlan, Plan, SegmentPlan, TailPlan } from './plan.ts';
import { formatProbe } from './probe.ts';

/** True of every container that is named in a plan; whether a word is a name or an id only the engine knows. */
const FOLLOWED =
  'A container is followed by its name, also when it is made anew; one given by id, only as long as it exists.';

/** Lines without newlines; a line that belongs to the station above begins with blanks. */
export function explain(plan: Plan): string[] {
  const stations: string[][] = [];
  explainSegment(plan.segment, undefined, stations);
  const lines = stations.flatMap(([first = '', ...more], index) => [
    `${index + 1}. ${first}`,
    ...more.map((line) => `   ${line}`),
  ]);
  const labels = Object.entries(plan.labels).map(([key, value]) => `${key}=${value}`);
  return [
    `wormhole ${plan.id ?? '(id chosen at create)'}${labels.length === 0 ? '' : ` · ${labels.join(' ')}`}`,
    ...lines,
    ...(namesContainer(plan.segment) ? [FOLLOWED] : []),
  ];
}

function namesContainer({ head, tail, link }: SegmentPlan): boolean {
  const named = [head, ...tail.targets].some(({ namespace }) => namespace.kind === 'container');
  return named || (link !== undefined && namesContainer(link.segment));
}

function explainSegment({ head, tail, link }: SegmentPlan, via: LinkPlan | undefined, stations: string[][]): void {
  stations.push(explainHead(head, via));
  const start = explainStart(tail, link);
  if (start.length > 0) stations.push(start);
  if (tail.targets.length > 0) stations.push(explainDial(tail, link));
  if (link === undefined) return;
  if (link.peer !== undefined) stations.push(explainPeer(link, tail));
  explainSegment(link.segment, link, stations);
}

function explainHead(head: HeadPlan, via: LinkPlan | undefined): string[] {
  const { maxConns, connIdleMs, mode, owner } = head;
  const limits = [
    ...(head.run === undefined
      ? []
      : [`That container is started first, from image ${runImage(head.run)}.`, ...runSentence(head.run, 'It')]),
    ...(head.arrival === 'carrier' ? [] : [explainLimit(maxConns, connIdleMs, head.protocol === 'udp')]),
    ...(mode === undefined ? [] : [`The socket has mode ${formatMode(mode)}.`]),
    ...(owner === undefined ? [] : [`The socket belongs to ${owner}.`]),
  ];
  return [`${headWhen(via)}${headPlace(head)}.`, ...limits];
}

function explainLimit(maxConns: number | undefined, connIdleMs: number, datagrams: boolean): string {
  const [who, unit] = datagrams ? ['clients', 'datagram'] : ['connections', 'byte'];
  const limit =
    maxConns === undefined ? `Takes as many ${who} as the daemon allows` : `Takes at most ${maxConns} ${who} at once`;
  if (connIdleMs > 0) return `${limit}; each ends after ${formatDuration(connIdleMs)} without a ${unit}.`;
  return datagrams
    ? `${limit}; each is forgotten some time after its last datagram.`
    : `${limit}; none ends for being idle.`;
}

function headWhen(via: LinkPlan | undefined): string {
  if (via === undefined) return 'Listens on ';
  if (via.peer !== undefined) return `On ${formatAddress(via.peer)}: `;
  const when = via.lazy ? 'with the first connection, before readiness is tested' : 'at create';
  return via.kind === 'child' ? `Also listens (child, ${when}) on ` : `Listens (chain, ${when}) on `;
}

function explainStart(tail: TailPlan, link: LinkPlan | undefined): string[] {
  const images = tail.targets.flatMap(({ run }) => (run === undefined ? [] : [runImage(run)]));
  const stopped = tail.targets.flatMap(({ namespace }) =>
    namespace.kind === 'container' ? [namespace.container] : [],
  );
  const starts = images.length > 0 || ((tail.lazy || tail.idleMs > 0) && stopped.length > 0);
  if (!starts) return [];
  const what = [
    ...images.map((image) => `a container from image ${image}`),
    ...stopped.map((name) => `container ${name} if it is stopped`),
  ];
  const lines = [
    tail.lazy
      ? `The first connection starts ${andList(what)}; all that arrive meanwhile wait.`
      : `Starts ${andList(what)} at create.`,
  ];
  for (const { run } of tail.targets) {
    if (run !== undefined) lines.push(...runSentence(run, images.length === 1 ? 'It' : `That of ${runImage(run)}`));
  }
  if (link?.kind === 'child') lines.push('Then the child below gets its listener, and only then readiness is awaited.');
  if (tail.ready !== undefined) lines.push(readySentence(tail));
  if (tail.idleMs > 0) lines.push(idleSentence(tail, images, stopped));
  else if (tail.lazy) lines.push('It is never stopped for being idle.');
  return lines;
}

/** What somebody else made is never removed. */
function idleSentence({ idleMs, onIdle, lazy }: TailPlan, images: readonly string[], named: readonly string[]): string {
  const verb = { stop: 'stopped', pause: 'paused', remove: images.length > 0 ? 'removed' : 'stopped' }[onIdle];
  const kept = onIdle === 'remove' && images.length > 0 && named.length > 0;
  const others = kept ? `; container ${andList(named)} is stopped` : '';
  const again = lazy ? '' : '; the next one starts it again';
  return `After ${formatDuration(idleMs)} without an open connection it is ${verb}${others}${again}.`;
}

function readySentence({ targets, ready, readyTimeoutMs }: TailPlan): string {
  const limit = `; gives up after ${formatDuration(readyTimeoutMs)}.`;
  if (ready === undefined || ready.kind === 'none') return 'Readiness is not tested.';
  if (ready.kind === 'tcp' && ready.byDefault === true) {
    const open = targets.some(({ protocol }) => protocol === 'udp') ? 'is bound' : 'accepts a connection';
    return `Ready when its port ${open} (or its HEALTHCHECK passes, if the image has one)${limit}`;
  }
  return `Ready by the probe ${formatProbe(ready)}${limit}`;
}

function explainDial(tail: TailPlan, link: LinkPlan | undefined): string[] {
  const [only, ...others] = tail.targets;
  if (only === undefined) return [];
  const datagrams = only.protocol === 'udp';
  const each = datagrams ? 'The datagrams of each client go' : 'Each connection goes';
  const lines =
    others.length === 0
      ? [`${each} to ${targetPlace(only)}${link?.kind === 'chain' ? ', which is the next station' : ''}.`]
      : [
          `${each} to one of ${tail.targets.length} targets, ${balances[tail.balance]}:`,
          ...tail.targets.map((t) => `- ${targetPlace(t)}`),
        ];
  if (datagrams) return lines;
  const timeout = formatDuration(tail.connectTimeoutMs);
  if (only.connect !== undefined) return [...lines, ...explainConnect(tail, timeout)];
  const failing = others.length === 0 ? 'tries again' : 'tries the other members, then again';
  lines.push(`If it does not answer, ${failing} for ${timeout} in all, then closes the connection.`);
  if (tail.proxyProtocol !== undefined)
    lines.push(`A PROXY ${tail.proxyProtocol} header tells it the client's address.`);
  return lines;
}

/** A destination of one client is dialed once, and the client is told. */
function explainConnect({ auth, proxyProtocol }: TailPlan, timeout: string): string[] {
  return [
    auth === undefined ? 'Whoever reaches the listener may use it.' : `Only users of ${auth} are served, by password.`,
    `If it does not answer within ${timeout}, the client is told so.`,
    ...(proxyProtocol === undefined ? [] : [`A PROXY ${proxyProtocol} header tells it the client's address.`]),
  ];
}

const balances: Readonly<Record<TailPlan['balance'], string>> = {
  rr: 'each in turn',
  'least-conn': 'the one with the fewest open connections',
  first: 'the first that answers',
  random: 'at random',
};

function explainPeer(link: LinkPlan, tail: TailPlan): string[] {
  const peer = link.peer === undefined ? '' : formatAddress(link.peer);
  const each = link.segment.head.protocol === 'udp' ? 'The datagrams of each client travel' : 'Each connection travels';
  const when = link.lazy ? 'set up by the first connection' : 'set up at create';
  const limit = `gives up after ${formatDuration(tail.connectTimeoutMs)}.`;
  if (link.kind === 'remote') return [`${each} to ${peer}, encrypted (carrier, ${when}); ${limit}`];
  const name = link.kind === 'udptunnel' ? 'kernel tunnel in UDP' : 'kernel tunnel';
  return [`${each} to ${peer} through a ${name} (${when}); ${limit}`];
}
