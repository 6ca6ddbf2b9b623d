/**
 * Which policy is whose, and everything that is asked of it: the one place where a peer is told no.
 *
 * A denial is an error for the peer and a line in the log, at a bounded rate; nothing is looked up, started or opened
 * for it.
 */
import type { Container, Engine } from '../../docker/engine.ts';
import { LineRate } from '../../lib/line-rate.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import type { PeerAddress, Plan } from '../../spec/plan.ts';
import { type Denial, missingVerb, type Policy, policyError } from '../../spec/policy.ts';
import { checkDial, checkEnter, checkForbidden, checkListen } from '../../spec/policy-dial.ts';
import { engineSocket } from '../../spec/policy-forbidden.ts';
import type { NamespaceFacts, Spot } from '../../spec/policy-place.ts';
import { checkPeer, judgePlan, namedContainers } from '../../spec/policy-plan.ts';
import { rootGrants } from '../../spec/policy-root.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../log.ts';
import type { Place } from '../places/place.ts';
import { factsOf } from './facts.ts';
import type { Ground } from './ground.ts';
import type { Permit, PermitTarget } from './permit.ts';

export interface PoliciesOptions {
  readonly settings: Pick<Settings, 'peers' | 'policy'>;
  readonly ground: Ground;
  readonly engine: Pick<Engine, 'find'>;
  readonly log: Pick<Logger, 'info'>;
  /** Of hosts that were invited; undefined of others. */
  readonly invited?: (identity: string) => Policy | undefined;
  /** Kernel identity of the daemon's own network namespace. */
  readonly namespaceId: string;
}

/** Of a tunnel, at this host: in a container, or the host's own. */
export interface TunnelEnd {
  readonly container: string | undefined;
}

/** Of clients that name their destination. */
const clientPolicy: Policy = {
  title: 'connect',
  verbs: ['dial', 'docker-ns', 'docker-run'],
  targets: [{ any: true }],
  listen: [],
  images: [],
  runFlags: [],
};

export class Policies {
  readonly #options: PoliciesOptions;
  readonly #own: ReadonlyMap<string, Policy>;
  /** By identity: nobody's denials hide another's. */
  readonly #lines = new Map<string, LineRate>();

  constructor(options: PoliciesOptions) {
    this.#options = options;
    const { peers, policy } = options.settings;
    // Only who has a key of its own has a name that it can prove.
    const named = peers.flatMap((peer) =>
      peer.keyFile === undefined ? [] : [[peer.name, peer.policy ?? policy] as const],
    );
    this.#own = new Map([[commonIdentity, policy], ...named]);
  }

  /** @param identity as proved by its key, or as remembered of a wormhole; who is not in the config any more may nothing */
  of(identity: string): Policy {
    const found = this.#own.get(identity) ?? this.#options.invited?.(identity);
    if (found !== undefined) return found;
    const title = `peer ${identity} is not in the config, which`;
    return { title, verbs: [], targets: [], listen: [], images: [], runFlags: [] };
  }

  /** May it use the control API, beyond being told that the daemon is there? @throws {WormholeError} WH_ERR_POLICY */
  control(identity: string, what: string): void {
    this.#refuse(identity, missingVerb(this.of(identity), 'control', what));
  }

  /**
   * Judges a plan before anything is made of it, and then the containers that it names.
   *
   * @throws {WormholeError} WH_ERR_POLICY
   */
  async judge(identity: string, plan: Plan, signal: AbortSignal): Promise<void> {
    const policy = this.of(identity);
    this.#refuse(identity, judgePlan(plan.segment, policy, this.#options.ground));
    for (const { container, list } of namedContainers(plan.segment)) {
      // One that is not there is the business of whoever makes the wormhole.
      const found = await this.#options.engine.find(container, signal).catch(() => undefined);
      if (found !== undefined) this.#refuse(identity, checkEnter(containerFacts(found), policy, list));
    }
  }

  /**
   * May it have a tunnel with this host, whose end here is in that container?
   *
   * @param end absent = it has it already
   * @throws {WormholeError} WH_ERR_POLICY
   */
  async tunnel(identity: string, end: TunnelEnd | undefined, signal: AbortSignal): Promise<void> {
    const policy = this.of(identity);
    this.#refuse(identity, missingVerb(policy, 'tunnel', 'a tunnel'));
    if (end === undefined) return;
    const { container } = end;
    if (policy.attach !== undefined) {
      const reason = `a tunnel that does not end in container ${policy.attach}; ask for --peer-attach ${policy.attach}`;
      return this.#refuse(identity, container === policy.attach ? undefined : { rule: 'attach', reason });
    }
    if (container === undefined) return;
    this.#refuse(identity, missingVerb(policy, 'docker-ns', `a tunnel into container ${container}`));
    const found = await this.#options.engine.find(container, signal);
    this.#refuse(identity, checkEnter(containerFacts(found), policy, 'listen'));
  }

  /**
   * May the end of a tunnel that it has asked for be where it is now? Asked each time that this is somewhere else.
   *
   * @param place of its container; undefined = the host itself
   * @throws {WormholeError} WH_ERR_POLICY
   */
  tunnelEnd(identity: string, place: Pick<Place, 'container'> | undefined): void {
    const policy = this.of(identity);
    this.#refuse(identity, missingVerb(policy, 'tunnel', 'a tunnel'));
    // Who was invited into a container was invited into that of this name.
    if (place?.container === undefined || policy.attach !== undefined) return;
    this.#refuse(identity, checkEnter(containerFacts(place.container), policy, 'listen'));
  }

  /**
   * May packets of a tunnel go there because that peer says so, which is seen somewhere else? As if it had this host dial it.
   *
   * @throws {WormholeError} WH_ERR_POLICY
   */
  tunnelTo(identity: string, host: string, port: number): void {
    const spot: Spot = { protocol: 'udp', host, port, namespace: { kind: 'host' } };
    this.#refuse(identity, checkDial(spot, this.of(identity), this.#options.ground));
  }

  /** For everything that a wormhole of `identity` does from now on. */
  permit(identity: string): Permit {
    const { ground } = this.#options;
    const spotOf = (target: PermitTarget): Spot => this.#spotOf(target);
    return {
      dial: (target) => {
        const policy = this.of(identity);
        const spot = spotOf(target);
        this.#refuse(identity, checkDial(spot, policy, ground) ?? this.#commandSocket(target, spot, policy));
      },
      listen: (target) => this.#refuse(identity, checkListen(spotOf(target), this.of(identity), ground)),
      wake: (container) => this.#refuse(identity, checkEnter(containerFacts(container), this.of(identity), 'targets')),
      peer: (peer, host) => this.peer(identity, peer, host),
    };
  }

  /**
   * For destinations that clients name, whoever made the wormhole: they reach what is not denied always.
   *
   * @throws {WormholeError} WH_ERR_POLICY
   */
  readonly clients: Permit['dial'] = (target) => {
    const denial = checkDial(this.#spotOf(target), clientPolicy, this.#options.ground);
    this.#refuse(clientPolicy.title, denial, clientPolicy);
  };

  /**
   * May this daemon dial that peer for `identity`?
   *
   * @param host what the peer's address was resolved to, a literal
   * @throws {WormholeError} WH_ERR_POLICY
   */
  peer(identity: string, peer: PeerAddress, host: string): void {
    this.#refuse(identity, checkPeer(peer, host, this.of(identity), this.#options.ground));
  }

  /** What in which policy gives a peer this machine; policies that are shared once. */
  rootGrants(): ReadonlyArray<{ readonly title: string; readonly what: readonly string[] }> {
    const { ground } = this.#options;
    return [...new Set(this.#own.values())]
      .map((policy) => ({ title: policy.title, what: rootGrants(policy, ground, ground.commandSockets) }))
      .filter(({ what }) => what.length > 0);
  }

  #commandSocket({ path, place }: PermitTarget, spot: Spot, policy: Policy): Denial | undefined {
    if (path === undefined || !this.#options.ground.isCommandSocket(path, place)) return undefined;
    return checkForbidden(spot, engineSocket(), policy);
  }

  #spotOf({ protocol, host, port, path, place, own }: PermitTarget): Spot {
    const namespace = factsOf(place, own, this.#options.namespaceId);
    return { protocol, host, port, ...(path !== undefined && { path }), namespace };
  }

  #refuse(identity: string, denial: Denial | undefined, policy: Policy = this.of(identity)): void {
    if (denial === undefined) return;
    const error = policyError(policy, denial);
    const rate = this.#lines.get(identity) ?? new LineRate();
    this.#lines.set(identity, rate);
    const suppressed = rate.take();
    if (suppressed !== undefined) {
      const { rule, reason } = denial;
      this.#options.log.info({ identity, rule, reason, ...(suppressed > 0 && { suppressed }) }, 'denied by policy');
    }
    throw error;
  }
}

function containerFacts({ name, labels, hostNetwork }: Pick<Container, 'name' | 'labels' | 'hostNetwork'>) {
  return { kind: 'container', name, labels, hostNetwork, own: false } as const satisfies NamespaceFacts;
}
