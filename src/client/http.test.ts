/** The HTTP reader and writer: framing, strictness, and that nothing a server sends can do more than fail. */
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import { exchange } from './http.ts';
import { collect } from './http-body.ts';
import { encodeRequest } from './http-request.ts';
import { ndjson } from './ndjson.ts';

/** A stream that takes anything and answers with the given chunks, then ends. */
function server(chunks: readonly Uint8Array[]): Duplex {
  // A stream that pushes an empty chunk is not asked again; sockets never do.
  const left = chunks.filter((chunk) => chunk.length > 0);
  return new Duplex({
    read() {
      this.push(left.shift() ?? null);
    },
    write(_chunk, _encoding, done) {
      done();
    },
  });
}

async function answer(chunks: readonly Uint8Array[]): Promise<{ status: number; body: string }> {
  const response = await exchange(server(chunks), { method: 'GET', target: '/' });
  return { status: response.status, body: (await collect(response.body, 1_000_000)).toString('latin1') };
}

/** Cuts `text` at the given places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

function chunkedBody(pieces: readonly string[]): string {
  const chunks = pieces
    .filter((piece) => piece !== '')
    .map((piece) => `${piece.length.toString(16)};x=y\r\n${piece}\r\n`);
  return `${chunks.join('')}0\r\nTrailer: z\r\n\r\n`;
}

const anyText = fc.string({ unit: 'binary-ascii', maxLength: 200 });

describe('exchange', () => {
  test('reads bodies of all three framings, however they are cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyText, { maxLength: 5 }),
        fc.array(fc.nat(2000)),
        fc.nat(2),
        async (pieces, places, kind) => {
          const body = pieces.join('');
          const framed = [
            `HTTP/1.1 200 OK\r\nContent-Length:  ${body.length} \r\n\r\n${body}and more`,
            `HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n${chunkedBody(pieces)}`,
            `HTTP/1.0 200\r\nX: \r\n\r\n${body}`,
          ][kind] as string;
          expect(await answer(cut(framed, places))).toEqual({ status: 200, body });
        },
      ),
    );
  });

  test('arbitrary bytes end in an answer or a WormholeError, never in a hang or another throw', async () => {
    const heads = [
      '',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 100 C\r\n\r\n',
    ];
    const noise = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...heads), fc.array(noise), async (head, chunks) => {
        const outcome: unknown = await answer([Buffer.from(head), ...chunks]).catch((error: unknown) => error);
        expect(WormholeError.is(outcome) || typeof outcome === 'object').toBe(true);
        if (outcome instanceof Error) expect(WormholeError.is(outcome)).toBe(true);
      }),
    );
  });

  test('one changed byte of a valid answer ends in an answer or a WormholeError', async () => {
    const valid = `HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedBody(['hello', 'world'])}`;
    await fc.assert(
      fc.asyncProperty(fc.nat(valid.length - 1), fc.nat(255), async (place, byte) => {
        const bytes = Buffer.from(valid, 'latin1');
        bytes[place] = byte;
        const outcome: unknown = await answer([bytes]).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(WormholeError.is(outcome)).toBe(true);
      }),
    );
  });

  test.each([
    ['a bare LF', 'HTTP/1.1 200 OK\nA: b\n\n'],
    ['a bare CR in a header', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['NUL in a header', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nab'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n'],
    ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['status 99', 'HTTP/1.1 099 X\r\n\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n'],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(10_000)}`],
    ['a line without end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(100_000)}`],
    ['a chunk extension without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'b'.repeat(100_000)}`],
  ])('A16 refuses %s', async (_, text) => {
    await expect(answer([Buffer.from(text, 'latin1')])).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });

  test('a body larger than the caller wants is refused', async () => {
    const response = await exchange(server([Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100)}`)]), {
      method: 'GET',
      target: '/',
    });
    await expect(collect(response.body, 99)).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });

  test('skips interim answers and reads no body for 204', async () => {
    const text = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nrest';
    expect(await answer([Buffer.from(text)])).toEqual({ status: 204, body: '' });
  });
});

describe('encodeRequest', () => {
  test('A16 refuses whatever could end a line early', () => {
    for (const target of ['/a b', '/a\r\nX: y', '/a\0', '/ä', 'a', '']) {
      expect(() => encodeRequest({ method: 'GET', target })).toThrow(
        expect.objectContaining({ code: 'WH_ERR_REQUEST_INVALID' }),
      );
    }
    for (const [name, value] of [
      ['X', 'a\r\nY: z'],
      ['X: y\r\nZ', 'a'],
      ['X', 'ä'],
      ['', 'a'],
    ] as const) {
      expect(() => encodeRequest({ method: 'GET', target: '/', headers: { [name]: value } })).toThrow(
        expect.objectContaining({ code: 'WH_ERR_REQUEST_INVALID' }),
      );
    }
  });

  test('counts the body in bytes', () => {
    expect(encodeRequest({ method: 'POST', target: '/', json: 'é' })).toContain('Content-Length: 4\r\n\r\n"é"');
  });
});

describe('ndjson', () => {
  async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
    const values: unknown[] = [];
    for await (const value of ndjson(server(chunks))) values.push(value);
    return values;
  }

  test('yields the same values however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat(5000)), async (values, places) => {
        const text = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join('\n')).toString('latin1');
        expect(await read(cut(text, places))).toEqual(
          values.map((value) => JSON.parse(JSON.stringify(value)) as unknown),
        );
      }),
    );
  });

  test('refuses a line that is not JSON and a line without end', async () => {
    await expect(read([Buffer.from('{}\n{\n')])).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
    const flood = Array.from({ length: 40 }, () => Buffer.alloc(65_536, 0x20));
    await expect(read(flood)).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });
});
