/**
 * Checks a value against an emitted JSON schema.
 *
 * Knows exactly the keywords of {@link JsonSchema}: ajv would cost the daemon's start more than all of its own code.
 * Only own properties are looked at, so a `__proto__` in a body is an unknown key like any other.
 */
import type { JsonSchema } from './schema.ts';

/** What is wrong and where, e.g. `words[3]: longer than 65536 characters`. */
export interface Violation {
  /** Path in the value, '' for the value itself. */
  readonly path: string;
  readonly problem: string;
  /** The keys that were possible, when one is unknown. */
  readonly known?: readonly string[];
}

/** @returns the first violation in document order, undefined when the value conforms */
export function validate(schema: JsonSchema, value: unknown, path = ''): Violation | undefined {
  if (schema.anyOf !== undefined) return validateAny(schema.anyOf, value, path);
  if ('const' in schema) {
    return value === schema.const ? undefined : { path, problem: `must be ${JSON.stringify(schema.const)}` };
  }
  if (schema.type !== undefined && !hasType(schema.type, value)) {
    return { path, problem: `must be ${article(schema.type)}` };
  }
  if (typeof value === 'string') return validateLength(schema, value, path);
  if (Array.isArray(value)) return validateArray(schema, value, path);
  if (isRecord(value)) return validateObject(schema, value, path);
  return undefined;
}

function validateAny(schemas: readonly JsonSchema[], value: unknown, path: string): Violation | undefined {
  if (schemas.some((schema) => validate(schema, value, path) === undefined)) return undefined;
  // Where the value's type decides which alternative was meant, that one tells what is wrong with it.
  const [meant, ...more] = schemas.filter(
    (schema) => !('const' in schema) && schema.type !== undefined && hasType(schema.type, value),
  );
  if (meant !== undefined && more.length === 0) return validate(meant, value, path);
  return { path, problem: `must be ${schemas.map(describe).join(' or ')}` };
}

function validateLength(schema: JsonSchema, value: string, path: string): Violation | undefined {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  // JSON Schema counts code points; UTF-16 units are an upper bound of them.
  const length = value.length < minLength || value.length > maxLength ? Array.from(value).length : value.length;
  if (length < minLength)
    return { path, problem: minLength === 1 ? 'is empty' : `shorter than ${minLength} characters` };
  if (length > maxLength) return { path, problem: `longer than ${maxLength} characters` };
  return undefined;
}

function validateArray(schema: JsonSchema, value: readonly unknown[], path: string): Violation | undefined {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema;
  if (value.length < minItems) return { path, problem: `must have at least ${minItems} element(s)` };
  if (value.length > maxItems) return { path, problem: `must have at most ${maxItems} elements` };
  if (items === undefined) return undefined;
  for (const [index, element] of value.entries()) {
    const violation = validate(items, element, `${path}[${index}]`);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function validateObject(schema: JsonSchema, value: Record<string, unknown>, path: string): Violation | undefined {
  const { properties = {}, patternProperties, required = [] } = schema;
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  for (const key of required) {
    if (!Object.hasOwn(value, key)) return { path: at(key), problem: 'is missing' };
  }
  for (const key of Object.keys(value)) {
    const child = Object.hasOwn(properties, key) ? properties[key] : patternFor(patternProperties, key);
    if (child === undefined) {
      if (schema.additionalProperties !== false) continue;
      return { path: at(key), problem: 'is unknown', known: Object.keys(properties) };
    }
    const violation = validate(child, value[key], at(key));
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function patternFor(patterns: JsonSchema['patternProperties'], key: string): JsonSchema | undefined {
  return Object.entries(patterns ?? {}).find(([pattern]) => new RegExp(pattern, 'u').test(key))?.[1];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasType(type: NonNullable<JsonSchema['type']>, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'null':
      return value === null;
    case 'string':
    case 'boolean':
      return typeof value === type;
  }
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function describe(schema: JsonSchema): string {
  if ('const' in schema) return JSON.stringify(schema.const);
  return article(schema.type ?? 'value');
}
