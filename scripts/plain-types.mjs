/**
 * Writes dist/spec/api.d.ts anew, as plain types made from the JSON schemas.
 *
 * The compiler's own declarations name typebox, which is a development dependency: whoever installs the package and
 * imports `wormhole/client` does not have it. Usage: plain-types.mjs SCHEMAS.json OUT.d.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
const { api } = JSON.parse(readFileSync(from, 'utf8'));

/** A schema as a type; whatever it does not know is an error, not `any`. */
function typeOf(schema) {
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array':
      return `Array<${typeOf(schema.items)}>`;
    case 'object':
      return schema.patternProperties === undefined ? members(schema) : `Record<string, ${valueOf(schema)}>`;
    case undefined:
      if (Object.keys(schema).every((key) => key === 'description')) return 'unknown';
  }
  throw new Error(`plain-types: no type for ${JSON.stringify(schema)}`);
}

function valueOf({ patternProperties }) {
  return Object.values(patternProperties).map(typeOf).join(' | ');
}

function members({ properties, required = [] }) {
  const lines = Object.entries(properties).map(([name, schema]) => {
    const text = schema.description === undefined ? '' : `/** ${schema.description.replaceAll('*/', '* /')} */\n`;
    return `${text}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`;
  });
  return `{\n${lines.join('\n').replaceAll(/^/gm, '  ')}\n}`;
}

const types = Object.entries(api).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`);
writeFileSync(
  to,
  `/** The control API's shapes, made from its schemas by scripts/plain-types.mjs. */\n${types.join('')}`,
);
