/**
 * Having the daemon make a wormhole: containers that are started at once may first have to be fetched, so that there is no time
 * limit then, and a terminal sees how far it is.
 */
import { randomInt } from 'node:crypto';
import { WormholeError } from '../lib/errors.ts';
import type { Wormhole } from '../spec/api.ts';
import { makeId } from '../spec/id.ts';
import type { SegmentPlan } from '../spec/plan.ts';
import { parse, plan } from '../spec/spec.ts';
import type { Daemon, Invocation } from './invocation.ts';

/** Ids that are tried when the one made up here is taken. */
const ID_ATTEMPTS = 8;

/** @param words checked here before anybody is asked, with the files that they name in place */
export async function makeWormhole(
  call: Pick<Invocation, 'json' | 'surroundings'>,
  open: () => Promise<Daemon>,
  words: readonly string[],
): Promise<Wormhole> {
  const { id, segment } = plan(parse(words));
  const { stderr } = call.surroundings;
  await using daemon = await open();
  const slow = startsNow(segment);
  const make = (whole: readonly string[]): Promise<Wormhole> => daemon.create(whole, slow ? { timeoutMs: 0 } : {});
  const watched = slow && stderr.isTTY === true && !call.json;
  return watched ? await watching(call, daemon, { words, id, make }) : await make(words);
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
async function watching(
  call: Pick<Invocation, 'surroundings'>,
  daemon: Daemon,
  { words, id: said, make }: Making,
): Promise<Wormhole> {
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

async function shown(
  call: Pick<Invocation, 'surroundings'>,
  daemon: Daemon,
  id: string,
  work: () => Promise<Wormhole>,
): Promise<Wormhole> {
  const { Progress } = await import('./progress.ts');
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
