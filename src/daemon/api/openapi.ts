/** The control API as an OpenAPI 3.1 document, printed from the endpoint table and the emitted schemas. */
import type { JsonSchema, Schemas } from '../schema/schema.ts';
import { type Endpoint, endpoints, OPENAPI_PATH } from './endpoints.ts';

type Json = Record<string, unknown>;

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** @param version of the program, for `info.version` */
export function openapiDocument(schemas: Schemas, version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [operationId, endpoint] of Object.entries<Endpoint>(endpoints)) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    const operations = (paths[path] ??= {});
    operations[endpoint.method.toLowerCase()] = operation(operationId, endpoint, schemas.api);
  }
  paths[OPENAPI_PATH] = {
    get: {
      operationId: 'openapi',
      summary: 'this document',
      responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: {} } } } },
    },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'wormholed control API',
      version,
      description: 'Served on the control socket and, over TLS 1.3 with a pre-shared key, on the control port.',
    },
    servers: [{ url: 'http://wormhole' }],
    paths,
    components: { schemas: schemas.api },
  };
}

function operation(operationId: string, endpoint: Endpoint, api: Schemas['api']): Json {
  return {
    operationId,
    summary: endpoint.summary,
    ...parameters(endpoint, api),
    ...(endpoint.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: ref(endpoint.body) } } },
    }),
    responses: {
      [endpoint.status]: {
        description: endpoint.answer,
        content: { [endpoint.answerType ?? 'application/json']: { schema: ref(endpoint.answer) } },
      },
      default: {
        description: 'what went wrong, RFC 9457',
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    },
  };
}

function parameters(endpoint: Endpoint, api: Schemas['api']): Json {
  const inPath = Array.from(endpoint.path.matchAll(/:(\w+)/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query: JsonSchema = endpoint.query === undefined ? {} : (api[endpoint.query] ?? {});
  const inQuery = Object.entries(query.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query.required?.includes(name) ?? false,
    schema,
  }));
  const all = [...inPath, ...inQuery];
  return all.length === 0 ? {} : { parameters: all };
}
