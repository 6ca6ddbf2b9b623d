/**
 * `create SPEC…`: reads the files that the spec names and checks it here, so that a mistake in it is told before
 * anything is connected, and has the daemon make the wormhole.
 *
 * Containers that are started at once may first have to be fetched: then there is no time limit, and a terminal sees how
 * far it is.
 */
import { randomInt } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import type { Wormhole } from '../../spec/api.ts';
import { makeId } from '../../spec/id.ts';
import { printable } from '../../spec/invalid.ts';
import type { SegmentPlan } from '../../spec/plan.ts';
import { parse, plan } from '../../spec/spec.ts';
import { resolveWords } from '../docker-run/resolve.ts';
import type { Daemon, Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Ids that are tried when the one made up here is taken. */
const ID_ATTEMPTS = 8;

/** Prints `ID URL`, the address that is really bound. */
export async function create(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const words = await resolveWords(call.words, call.surroundings);
  const { id, segment } = plan(parse(words));
  await using daemon = await call.open();
  const slow = startsNow(segment);
  const make = (whole: readonly string[]): Promise<Wormhole> => daemon.create(whole, slow ? { timeoutMs: 0 } : {});
  const watched = slow && stderr.isTTY === true && !call.json;
  const wormhole = watched ? await watching(call, daemon, { words, id, make }) : await make(words);
  if (call.json) await printJson(stdout, wormhole);
  else await print(stdout, `${printable(wormhole.id)} ${printable(wormhole.url)}\n`);
  return 0;
}

/** Whether create itself starts a container. */
function startsNow({ head, tail, link }: SegmentPlan): boolean {
  const starts = tail.idleMs > 0 || tail.targets.some(({ run }) => run !== undefined);
  if (head.run !== undefined || (!tail.lazy && starts)) return true;
  return link !== undefined && !link.lazy && startsNow(link.segment);
}

interface Making {
  readonly words: readonly string[];
  /** As the spec says it. */
  readonly id: string | undefined;
  readonly make: (words: readonly string[]) => Promise<Wormhole>;
}

/** The id is chosen here unless it is given, so that it is known which events to listen to. */
async function watching(call: Invocation, daemon: Daemon, { words, id: said, make }: Making): Promise<Wormhole> {
  if (said !== undefined) return await shown(call, daemon, said, () => make(words));
  for (let attempt = 1; ; attempt++) {
    const id = makeId(randomInt, () => false);
    try {
      return await shown(call, daemon, id, () => make(['id', id, ...words]));
    } catch (error) {
      const taken = WormholeError.is(error) && error.code === 'WH_ERR_WORMHOLE_EXISTS';
      if (!taken || attempt === ID_ATTEMPTS) throw error;
    }
  }
}

async function shown(call: Invocation, daemon: Daemon, id: string, work: () => Promise<Wormhole>): Promise<Wormhole> {
  const { Progress } = await import('../progress.ts');
  using progress = new Progress(call.surroundings.stderr);
  const done = new AbortController();
  const follow = async (): Promise<void> => {
    for await (const event of daemon.events({ id, signal: done.signal })) {
      if (event.state === 'starting') progress.show(event);
    }
  };
  // What cannot be shown is no reason not to make it.
  const following = follow().catch(() => undefined);
  try {
    return await work();
  } finally {
    done.abort();
    await following;
  }
}
