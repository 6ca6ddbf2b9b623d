/**
 * What readiness probes are tested with: a target in a room, and a runner that knows one container.
 */
import { openSync } from 'node:fs';
import type { ProbeTarget } from '../../src/daemon/activator/ready/target.ts';
import { makePlace, type Place } from '../../src/daemon/places/place.ts';
import { O_PATH } from '../../src/sys/constants.ts';
import { OwnedFd } from '../../src/sys/fd.ts';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { FakeRunner } from './fake-runner.ts';

/** A place for probes; `root` is a directory. */
export function placeOf(namespace: NetNamespace | undefined, root?: string): Place {
  return makePlace({
    label: 'web',
    namespaceId: 'net:[1]',
    ...(namespace !== undefined && { namespace: namespace.duplicate() }),
    ...(root !== undefined && { root: new OwnedFd(openSync(root, O_PATH)) }),
  });
}

/** A target in `place`, TCP port 80 of 127.0.0.1 unless said otherwise. */
export function targetIn(place: Place, facts: Partial<ProbeTarget> = {}): ProbeTarget {
  return { place, container: 'c0ffee', startedAt: '', protocol: 'tcp', host: '127.0.0.1', port: 80, ...facts };
}

/** A runner with one running container, and a target that is this container's. */
export function aContainer(): { readonly runner: FakeRunner; readonly id: string; readonly target: ProbeTarget } {
  const runner = new FakeRunner();
  const { id } = runner.engine.add('web');
  return { runner, id, target: targetIn(placeOf(undefined), { container: id }) };
}
