/**
 * The keys of one mapping of a compose file, read in the shapes that compose allows, and which of them were never asked for.
 */
import { type Findings, untranslatable } from './findings.ts';

/** A value of which only the key matters has none; `null` is "as in the environment". */
export type Pair = readonly [key: string, value: string | null];

export class Fields {
  /** For messages: `web`, or `web: healthcheck`. */
  readonly where: string;
  readonly findings: Findings;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  /** @throws {WormholeError} WH_ERR_COMPOSE when it is no mapping */
  constructor(where: string, values: unknown, findings: Findings) {
    if (!isRecord(values)) throw untranslatable('it is not a mapping of keys to values');
    this.where = where;
    this.#values = values;
    this.findings = findings;
  }

  /** The value as it is; undefined when there is none. */
  take(key: string): unknown {
    this.#asked.add(key);
    return Object.hasOwn(this.#values, key) ? (this.#values[key] ?? undefined) : undefined;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key) && this.#values[key] !== null;
  }

  text(key: string): string | undefined {
    const value = this.take(key);
    return value === undefined ? undefined : scalar(key, value);
  }

  isOn(key: string): boolean {
    const value = this.take(key) ?? false;
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw untranslatable(`${key}: write true or false`);
  }

  /** One text, or a list of them. */
  texts(key: string): string[] {
    const value = this.take(key);
    if (value === undefined) return [];
    return Array.isArray(value) ? value.map((one) => scalar(key, one)) : [scalar(key, value)];
  }

  items(key: string): unknown[] {
    const value = this.take(key) ?? [];
    if (Array.isArray(value)) return value;
    throw untranslatable(`${key}: it is not a list`);
  }

  /** A mapping, or a list of `KEY=VALUE` and `KEY`. */
  pairs(key: string, separator = /=/): Pair[] {
    const value = this.take(key);
    if (value === undefined) return [];
    if (isRecord(value)) {
      return Object.entries(value).map(([name, one]) => [name, one === null ? null : scalar(key, one)]);
    }
    return this.texts(key).map((text): Pair => {
      const at = text.search(separator);
      return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    });
  }

  /** A mapping of mappings, each possibly empty, or a list of names. */
  named(key: string): Array<readonly [name: string, fields: Fields]> {
    const value = this.take(key);
    if (value === undefined) return [];
    const entries: Array<readonly [string, unknown]> = isRecord(value)
      ? Object.entries(value)
      : this.texts(key).map((name) => [name, {}]);
    return entries.map(([name, fields]) => [name, new Fields(`${this.where}: ${key}`, fields ?? {}, this.findings)]);
  }

  note(text: string): void {
    this.findings.note(this.where, text);
  }

  /** Keys that nobody asked for. */
  rest(): string[] {
    return Object.keys(this.#values).filter((key) => !this.#asked.has(key) && !key.startsWith('x-'));
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws {WormholeError} WH_ERR_COMPOSE when it is a list, a mapping or nothing */
export function scalar(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw untranslatable(`${key}: a text is needed where ${value === null ? 'nothing' : 'a list or mapping'} stands`);
}
