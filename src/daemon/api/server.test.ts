/** The control API behind its door: routes, shapes, problems. */
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { loadSchemas } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';
import type { Operations } from './operations.ts';
import { type Api, type ApiOptions, createApi } from './server.ts';

const schemas = loadSchemas();
const log = pino({ level: 'silent' });

function refuse(): never {
  throw new WormholeError('WH_ERR_INTERNAL', 'not part of this test');
}

async function api(
  operations: Partial<Operations>,
  authorize: ApiOptions['authorize'] = () => undefined,
): Promise<Api> {
  const none: Operations = {
    health: refuse,
    ping: refuse,
    list: refuse,
    create: refuse,
    inspect: refuse,
    remove: refuse,
    wormholeStats: refuse,
    stats: refuse,
    logs: refuse,
    events: refuse,
    doctor: refuse,
    containers: refuse,
    peers: refuse,
    join: refuse,
    leave: refuse,
    kick: refuse,
    putGuest: refuse,
    guest: refuse,
    removeGuest: refuse,
    rollGuests: refuse,
    tunnels: refuse,
    createTunnel: refuse,
    removeTunnels: refuse,
    sweepTunnels: refuse,
    pingTunnel: refuse,
    invite: refuse,
    withdraw: refuse,
    joinInvitation: refuse,
    acceptInvitation: refuse,
    offerHalf: refuse,
    commitHalf: refuse,
    half: refuse,
    removeHalf: refuse,
    rekeyHalf: refuse,
  };
  const allowedHosts = (): ReadonlySet<string> => new Set(['localhost']);
  return await createApi({
    operations: { ...none, ...operations },
    schemas,
    version: '1',
    allowedHosts,
    authorize,
    log,
  });
}

describe('a request', () => {
  test('reaches its operation with body, id and query', async () => {
    const asked: unknown[] = [];
    const { fastify } = await api({
      create: (body) => Promise.resolve(void asked.push(body)) as never,
      remove: (id, query) => Promise.resolve(void asked.push([id, { ...query }])) as never,
    });
    const created = await fastify.inject({ method: 'POST', url: '/v1/wormholes', payload: { words: ['url', ':1'] } });
    expect(created.statusCode).toBe(201);
    await fastify.inject({ method: 'DELETE', url: '/v1/wormholes/a.b?now=true' });
    expect(asked).toEqual([{ words: ['url', ':1'] }, ['a.b', { now: 'true' }]]);
  });

  test.each([
    ['POST', '/v1/wormholes', { words: [] }, 'body: words must have at least 1 element(s)'],
    ['POST', '/v1/wormholes', { words: ['a'], force: true }, 'body: force is unknown (known: words)'],
    ['POST', '/v1/wormholes', undefined, 'body must be an object'],
    ['POST', '/v1/ping', { payload: 7 }, 'body: payload must be a string'],
    ['DELETE', '/v1/wormholes/a?now=yes', undefined, 'querystring: now must be "true" or "false"'],
    ['GET', '/v1/logs?tail=1', undefined, 'querystring: tail is unknown (known: id, follow)'],
  ] as const)('%s %s with %j is invalid: %s', async (method, url, payload, detail) => {
    const { fastify } = await api({});
    const answer = await fastify.inject({ method, url, ...(payload !== undefined && { payload }) });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'WH_ERR_REQUEST_INVALID', detail });
  });

  test.each(['{"words":', '[', '\u0000', '{"words":["a"],"__proto__":{"x":1}}', ''])(
    'that is not good JSON (%j) is invalid',
    async (payload) => {
      const { fastify } = await api({});
      const headers = { 'content-type': 'application/json' };
      const answer = await fastify.inject({ method: 'POST', url: '/v1/wormholes', payload, headers });
      expect(answer.statusCode).toBe(400);
      expect(answer.json().code).toBe('WH_ERR_REQUEST_INVALID');
    },
  );

  test('that is too large is invalid', async () => {
    const { fastify } = await api({});
    const payload = { words: Array.from({ length: 100 }, () => 'x'.repeat(60_000)) };
    const answer = await fastify.inject({ method: 'POST', url: '/v1/wormholes', payload });
    expect(answer.json()).toMatchObject({ code: 'WH_ERR_REQUEST_INVALID' });
  });

  test.each(['/', '/v2/health', '/v1/nope?x=1', '/v1/%zz'])('for %s finds nothing', async (url) => {
    const answer = await (await api({})).fastify.inject({ method: 'GET', url });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(validate(schemas.api['Problem'] ?? {}, answer.json())).toBeUndefined();
  });
});

describe('a failure', () => {
  test('of ours is told as it is', async () => {
    const { fastify } = await api({
      inspect: () => {
        throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', 'there is no wormhole a', { detail: { id: 'a' } });
      },
    });
    const answer = await fastify.inject('/v1/wormholes/a');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({
      code: 'WH_ERR_WORMHOLE_NOT_FOUND',
      detail: 'there is no wormhole a',
      facts: { id: 'a' },
    });
  });

  test('that nobody expected keeps its text to the log', async () => {
    const { fastify } = await api({
      stats: () => {
        throw new TypeError('secret');
      },
    });
    const answer = await fastify.inject('/v1/stats');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

describe('an answer', () => {
  test('never carries CORS headers', async () => {
    const { fastify } = await api({ health: () => ({}) as never });
    for (const url of ['/v1/health', '/v1/nope']) {
      const { headers } = await fastify.inject({ url, headers: { origin: 'http://localhost' } });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('to HEAD has no body', async () => {
    const { fastify } = await api({ health: () => ({ version: '1' }) as never });
    const answer = await fastify.inject({ method: 'HEAD', url: '/v1/health' });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  test('of log lines is ndjson', async () => {
    const { fastify } = await api({ logs: () => Readable.from(['{"a":1}\n', '{"a":2}\n']) });
    const answer = await fastify.inject('/v1/logs');
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    expect(answer.body).toBe('{"a":1}\n{"a":2}\n');
  });

  test('for OpenAPI names every operation', async () => {
    const answer = await (await api({})).fastify.inject('/v1/openapi.json');
    const document = answer.json<{ paths: Record<string, Record<string, { operationId: string }>> }>();
    const operations = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(operations).toEqual(expect.arrayContaining(['create', 'remove', 'wormholeStats', 'openapi']));
    expect(JSON.stringify(document.paths['/v1/wormholes/{id}'])).toContain('"name":"id"');
  });
});

describe('who may use an endpoint', () => {
  test('A9 is asked with who it is, before anything is done', async () => {
    const asked: unknown[] = [];
    const done: unknown[] = [];
    const { fastify } = await api({ list: () => done.push('list') as never }, (endpoint, origin) => {
      asked.push([endpoint, origin.kind]);
      throw new WormholeError('WH_ERR_POLICY', 'no', { detail: { rule: 'verbs' } });
    });
    const answer = await fastify.inject({ method: 'GET', url: '/v1/wormholes' });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(asked).toEqual([['list', 'local']]);
    expect(done).toEqual([]);
  });
});
