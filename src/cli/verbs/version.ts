/**
 * `version`: of this program always, of the daemon when it answers.
 */
import { ownVersion } from '../../lib/own-version.ts';
import { printable } from '../../spec/invalid.ts';
import { known, PartialFailure } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Fails as any verb does when the daemon does not answer, after having told its own version. */
export async function version(call: Invocation): Promise<number> {
  const { stdout } = call.surroundings;
  const client = { version: ownVersion() };
  if (!call.json) await print(stdout, `wormhole ${client.version}\n`);
  try {
    await using daemon = await call.open();
    const { version, instance, pid } = await daemon.health();
    if (call.json) await printJson(stdout, { client, daemon: { version, instance, pid } });
    else await print(stdout, `wormholed ${printable(version)} (instance ${printable(instance)}, pid ${pid})\n`);
    return 0;
  } catch (error) {
    throw call.json ? new PartialFailure(known(error), { client }) : error;
  }
}
