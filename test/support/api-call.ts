/** Calls of the control API on a unix socket, as anybody with curl could make them, and bytes as nobody should send them. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { within } from './relay-wait.ts';

export interface Answer {
  readonly status: number;
  /** Of the body; '' without one. */
  readonly type: string;
  readonly text: string;
  /** The text as JSON. */
  readonly body: unknown;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly json?: unknown;
}

/** Resolves when the answer has ended; that of a log which is followed may be long in coming. */
export function callApi(socketPath: string, path: string, { method = 'GET', json }: Call = {}): Promise<Answer> {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const headers = { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) };
  const asked = request({ socketPath, path, method, headers, agent: false });
  asked.end(body);
  return within(path, readAnswer(asked));
}

export async function readAnswer(asked: NodeJS.EventEmitter): Promise<Answer> {
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
  return {
    status: answer.statusCode ?? 0,
    type: answer.headers['content-type'] ?? '',
    text,
    get body(): unknown {
      return JSON.parse(text);
    },
  };
}

/** Sends bytes (and an end), then reads until the other side ends or resets. */
export function converse(to: Socket | string, bytes: string, end = false): Promise<string> {
  const socket = typeof to === 'string' ? connect({ path: to }) : to;
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.on('error', () => undefined);
  if (end) socket.end(bytes);
  else socket.write(bytes);
  return within('the end of a conversation', new Promise((resolve) => socket.once('close', () => resolve(text))));
}
