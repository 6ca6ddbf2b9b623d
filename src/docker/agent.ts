/**
 * The makers of connections to the engine, with three faults of docker-modem kept away from us.
 *
 * It hands all of its options to `util.inspect` before each request, for a debug line that nobody reads: with the
 * agent, its sockets and everything behind them that takes 2 ms of the main thread. So an agent shows nothing of itself.
 *
 * It follows redirects, and throws inside an event, where nobody can catch it, when one leads to something other than
 * HTTP. An engine never redirects to anything we would ask; so the place is taken out, and the status is an answer
 * like any other.
 *
 * It waits for the end of an answer, and learns of nothing else once that has begun; so an engine that goes away in the middle is
 * told to it as a failure of the request.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { inspect } from 'node:util';

/** What `http.request` calls; Node.js documents it for nobody but those who replace it. */
interface Internals {
  addRequest: (request: ClientRequest, ...more: readonly unknown[]) => void;
}

export function clearAgent(): HttpAgent {
  return tamed(new HttpAgent());
}

export function tlsAgent(): HttpsAgent {
  return tamed(new HttpsAgent());
}

function tamed<T extends HttpAgent>(agent: T): T {
  const internals = agent as unknown as Internals;
  const addRequest = internals.addRequest.bind(agent);
  internals.addRequest = (request, ...more) => {
    request.prependOnceListener('response', (response: IncomingMessage) => {
      delete response.headers.location;
      response.once('close', () => {
        if (!response.complete) request.emit('error', new Error('it hung up in the middle of its answer'));
      });
    });
    addRequest(request, ...more);
  };
  return Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
}
