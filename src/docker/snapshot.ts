/** The engine's JSON of one container, reduced to the facts of a {@link Container}. */
import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import type { Container } from './engine.ts';
import { environmentOf, showable } from './refusal.ts';
import type { ContainerFacts } from './runner.ts';

/** Podman's words for Docker's; `running` and what is unknown follow from the process. */
const states: Readonly<Record<string, ContainerFacts['state']>> = {
  created: 'created',
  configured: 'created',
  initialized: 'created',
  paused: 'paused',
  restarting: 'restarting',
  removing: 'removing',
  exited: 'exited',
  stopped: 'exited',
  dead: 'dead',
};
const healths = new Set<string>(['starting', 'healthy', 'unhealthy']);

/** From `GET /containers/ID/json`. */
export function fromInspect(info: ContainerInspectInfo): Container {
  // While a restart policy waits, Docker says Running with pid 0: there is nothing to enter.
  const pid = info.State.Running ? info.State.Pid : 0;
  return {
    id: info.Id,
    name: bareName(info.Name),
    running: pid > 0,
    pid,
    startedAt: info.State.StartedAt,
    hostNetwork: info.HostConfig.NetworkMode === 'host',
    image: info.Config.Image,
    labels: info.Config.Labels ?? {},
  };
}

/** All facts from `GET /containers/ID/json`. */
export function factsOf(info: ContainerInspectInfo): ContainerFacts {
  const container = fromInspect(info);
  const { State: state } = info;
  const health = state.Health?.Status ?? '';
  return {
    ...container,
    imageId: info.Image,
    state: states[state.Status] ?? (state.Running ? 'running' : 'exited'),
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: showable(state.Error ?? '', environmentOf(info.Config)),
    health: healths.has(health) ? (health as ContainerFacts['health']) : 'none',
    createdAt: info.Created,
  };
}

/**
 * A container of `GET /containers/json` that does not run; `startedAt` is '' because that answer has no such fact.
 *
 * @returns undefined where the answer says nothing about its network, as Podman's does not: it must be inspected
 */
export function fromList(info: Omit<ContainerInfo, 'HostConfig'> & Partial<ContainerInfo>): Container | undefined {
  if (info.HostConfig === undefined) return undefined;
  return {
    id: info.Id,
    name: ownName(info.Names),
    running: false,
    pid: 0,
    startedAt: '',
    hostNetwork: info.HostConfig.NetworkMode === 'host',
    image: info.Image,
    labels: info.Labels ?? {},
  };
}

/** A container's own name among its names: those of legacy links (`/web/db`) belong to other containers. */
export function ownName(names: readonly string[] | undefined): string {
  return (names ?? []).map(bareName).find((name) => !name.includes('/')) ?? '';
}

function bareName(name: string): string {
  return name.replace(/^\//, '');
}
