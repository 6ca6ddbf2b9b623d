/**
 * Where connections go on to from each head of this daemon, so that a circle is seen that is closed by several wormholes, each of
 * which is well.
 *
 *     head of a ──► target of a = head of b ──► target of b = head of a          the later one is refused
 *
 * As far as addresses tell, at this moment: asked again whenever names or containers come to mean something else. What goes round
 * through peers the count of hops ends (`proxy/passing.ts`), and through other programs the limit of connections.
 */
import type { WormholeRecord } from '../state/record.ts';
import { mayKnow } from './may-know.ts';
import { leadsTo, type Spot } from './self-proxy.ts';

type Whose = Pick<WormholeRecord, 'id' | 'owner'>;

export class Courses {
  /** By the port of their heads. */
  readonly #at = new Map<number, Set<Course>>();

  /** For one segment of a wormhole, until disposed. */
  open(whose: Whose): Course {
    return new Course(this, whose);
  }

  /** Of one whose head is somewhere else from now on. @param before where it was */
  moved(course: Course, before: Spot | undefined): void {
    const there = before === undefined ? undefined : this.#at.get(before.port);
    if (before !== undefined && there?.delete(course) === true && there.size === 0) this.#at.delete(before.port);
    const { head } = course;
    if (head === undefined) return;
    const here = this.#at.get(head.port) ?? new Set();
    this.#at.set(head.port, here.add(course));
  }

  /** @returns whose heads a connection to `target` passes before it is at that of `goal`; undefined when it never is */
  way(target: Spot, goal: Course): readonly Course[] | undefined {
    /** Course → the one that a connection comes from. */
    const seen = new Map<Course, Course | undefined>();
    const ahead: Array<readonly [Spot, Course | undefined]> = [[target, undefined]];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      const [spot, from] = next;
      for (const course of this.#at.get(spot.port) ?? []) {
        if (seen.has(course) || course.head === undefined || !leadsTo(course.head, spot)) continue;
        seen.set(course, from);
        if (course === goal) return trailTo(goal, seen);
        for (const on of course.targets) ahead.push([on, course]);
      }
    }
    return undefined;
  }
}

/** From one head on. */
export class Course implements Disposable {
  readonly whose: Whose;
  readonly #courses: Courses;
  readonly #targets = new Map<number, readonly Spot[]>();
  #head: Spot | undefined;

  constructor(courses: Courses, whose: Whose) {
    this.#courses = courses;
    this.whose = whose;
  }

  get head(): Spot | undefined {
    return this.#head;
  }

  get targets(): readonly Spot[] {
    return [...this.#targets.values()].flat();
  }

  /** It would go round for ever. */
  get goesRound(): boolean {
    return this.targets.some((target) => this.back(target) !== undefined);
  }

  /** @param head undefined = it listens nowhere */
  listens(head: Spot | undefined): void {
    const before = this.#head;
    this.#head = head;
    this.#courses.moved(this, before);
  }

  /** Where a member of the tail leads now. */
  goes(member: number, targets: readonly Spot[]): void {
    if (targets.length === 0) this.#targets.delete(member);
    else this.#targets.set(member, targets);
  }

  /**
   * Whether a connection to `target` would come back to this head.
   *
   * @returns the wormholes on the way, by name those that whoever asked for this one may know; undefined when it would not
   */
  back(target: Spot): readonly string[] | undefined {
    const name = ({ whose }: Course): string => (mayKnow(this.whose, whose) ? whose.id : 'another one');
    return this.#courses.way(target, this)?.map(name);
  }

  [Symbol.dispose](): void {
    this.#targets.clear();
    this.listens(undefined);
  }
}

/** The first one first, without the goal. */
function trailTo(goal: Course, seen: ReadonlyMap<Course, Course | undefined>): readonly Course[] {
  const trail: Course[] = [];
  for (let one = seen.get(goal); one !== undefined; one = seen.get(one)) trail.unshift(one);
  return trail;
}
