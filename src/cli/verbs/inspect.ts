/**
 * `inspect ID`: everything about one wormhole, in sections for people or exactly as the API has it.
 */
import type { Segment, Wormhole } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import type { Plan } from '../../spec/plan.ts';
import { explain } from '../../spec/spec.ts';
import type { Invocation } from '../invocation.ts';
import { type Paint, painter, stateColours } from '../paint.ts';
import { print, printJson } from '../print.ts';
import { age, bytes, millis } from '../units.ts';

type Fact = readonly [name: string, value: string];

export async function inspect(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  await using daemon = await call.open();
  const detail = await daemon.get(call.words[0] ?? '');
  if (call.json) {
    await printJson(stdout, detail);
    return 0;
  }
  const paint = painter(stdout, env);
  const { wormhole } = detail;
  const parts = [
    section('Wormhole', [...identity(wormhole, paint), ...containers(detail.segments[0])], paint),
    section('Traffic', traffic(wormhole), paint),
    ...(wormhole.stats.members.length > 0 ? [section('Targets', members(wormhole), paint)] : []),
    ...detail.segments
      .slice(1)
      .map((segment, index) => section(titleOf(segment, index + 2), hanging(segment, paint), paint)),
    ...coldStarts(detail.segments, paint),
    `${paint('bold', 'Plan')}\n${planLines(detail.plan)
      .map((line) => `  ${printable(line)}\n`)
      .join('')}`,
  ];
  await print(stdout, parts.join('\n'));
  return 0;
}

function identity(one: Wormhole, paint: Paint): Fact[] {
  const created = Date.parse(one.createdAt);
  const labels = Object.entries(one.labels).map(([key, value]) => `${key}=${value}`);
  return [
    ['id', printable(one.id)],
    ['state', stateOf(one, paint)],
    ['url', printable(one.url)],
    ['targets', one.targets.map(printable).join(', ')],
    ['spec', printable(one.spec)],
    ...(one.owner === undefined ? [] : [['owner', `peer ${printable(one.owner)}`] as const]),
    ...(labels.length > 0 ? [['labels', printable(labels.join(' '))] as const] : []),
    ['created', printable(one.createdAt) + (Number.isNaN(created) ? '' : ` (${age(Date.now() - created)} ago)`)],
  ];
}

function traffic({ stats }: Wormhole): Fact[] {
  const datagrams = stats.datagramsIn + stats.datagramsOut + stats.datagramsDropped;
  return [
    [
      'connections',
      `${stats.connectionsOpen} open, ${stats.connectionsTotal} total, ${stats.connectionsFailed} failed`,
    ],
    ['bytes', `${bytes(stats.bytesIn)} in, ${bytes(stats.bytesOut)} out`],
    ['dial', `p50 ${millis(stats.dialP50Ms)}, p99 ${millis(stats.dialP99Ms)}`],
    ...(datagrams > 0
      ? [
          [
            'datagrams',
            `${stats.datagramsIn} in, ${stats.datagramsOut} out, ${stats.datagramsDropped} dropped`,
          ] as const,
        ]
      : []),
  ];
}

function members({ stats }: Wormhole): Fact[] {
  return stats.members.map((one) => [
    printable(one.target),
    `${one.up ? 'up' : 'skipped after failures'}, ${one.open} open, ${one.dialed} dialed, ${one.failed} failed`,
  ]);
}

function titleOf({ peer, rttMs }: Segment, number: number): string {
  if (peer === undefined) return `Segment ${number}`;
  return `Segment ${number} on ${printable(peer)}${typeof rttMs === 'number' ? `, ${millis(rttMs)} away` : ''}`;
}

/** A segment that hangs on the one before. */
function hanging(one: Segment, paint: Paint): Fact[] {
  const { stats } = one;
  return [
    ['state', stateOf(one, paint)],
    ['url', printable(one.url)],
    ['targets', one.targets.map(printable).join(', ')],
    ...containers(one),
    [
      'connections',
      `${stats.connectionsOpen} open, ${stats.connectionsTotal} total, ${stats.connectionsFailed} failed`,
    ],
    ['bytes', `${bytes(stats.bytesIn)} in, ${bytes(stats.bytesOut)} out`],
    ['dial', `p50 ${millis(stats.dialP50Ms)}, p99 ${millis(stats.dialP99Ms)}`],
  ];
}

function containers(one: Segment | undefined): Fact[] {
  const known = one?.containers ?? [];
  if (known.length === 0) return [];
  return [['starts', known.map(({ id, label }) => `${printable(label)} (${printable(id.slice(0, 12))})`).join(', ')]];
}

/** Where the time of each start went, newest first. */
function coldStarts(segments: readonly Segment[], paint: Paint): string[] {
  const facts = segments.flatMap(({ coldStarts: starts }) =>
    starts.map(({ at, totalMs, stations, failure }): Fact => {
      const way = stations.map(({ station, ms }) => `${printable(station)} ${millis(ms)}`).join(' · ');
      return [printable(at), `${millis(totalMs)}: ${way}${failure === '' ? '' : `: ${printable(failure)}`}`];
    }),
  );
  return facts.length === 0 ? [] : [section('Cold starts', facts, paint)];
}

function stateOf(one: Pick<Wormhole, 'state' | 'reason'>, paint: Paint): string {
  const state = paint(stateColours[one.state], printable(one.state));
  return one.reason === '' ? state : `${state}: ${printable(one.reason)}`;
}

function section(title: string, facts: readonly Fact[], paint: Paint): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return `${paint('bold', title)}\n${facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')}`;
}

/** A plan of a newer daemon may be beyond this program; then it is shown as it is. */
function planLines(plan: unknown): string[] {
  try {
    // What the first line says stands above, and with the id.
    return explain(plan as Plan).slice(1);
  } catch {
    return JSON.stringify(plan, null, 2).split('\n');
  }
}
