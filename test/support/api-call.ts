/** One call of the control API on a unix socket, as anybody with curl could make it. */
import { request } from 'node:http';
import { within } from './relay-wait.ts';

export interface Answer {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

/** GET, or POST where there is a body. */
export function callApi(socketPath: string, path: string, body?: string): Promise<Answer> {
  const headers = { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) };
  const method = body === undefined ? 'GET' : 'POST';
  return within(
    path,
    new Promise((resolve, reject) => {
      const asked = request({ socketPath, path, method, headers, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as unknown }));
      });
      asked.on('error', reject);
      asked.end(body);
    }),
  );
}
