/** What parses and cannot work: refused with the word, the reason and the remedy. */
import { describe, expect, test } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import { parse, plan, renderCaret } from './spec.ts';

/** The error of a spec that must be refused. */
function refusal(line: string): WormholeError {
  try {
    plan(parse(line.split(' ')));
  } catch (error) {
    if (WormholeError.is(error)) return error;
    throw error;
  }
  throw new Error(`was not refused: ${line}`);
}

/** The words above the caret. */
function pointed(line: string): string {
  const [spec = '', caret = ''] = renderCaret(line.split(' '), refusal(line)).split('\n');
  return spec.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1);
}

describe('plan', () => {
  // The second column is the word that the caret points at.
  test.each<[string, string, RegExp]>([
    ['docker-ns db', 'docker-ns', /no port and no head gives one; write tail url :PORT/],
    ['tail docker-ns db', 'tail', /no port and no head gives one/],
    ['url :80 remote p tail url unix://', 'url', /needs an address/],
    ['url unix:// tail url :1', 'url', /a unix head needs a path/],
    ['url unix:///x tail url udp://:1', 'url', /datagrams and streams/],
    ['url udp://:1 tail url unix:///x', 'url', /datagrams and streams/],
    ['url udp://:1 tail url tcp://:2', 'url', /udp to tcp: datagrams and streams/],
    ['url :1 tail url udp://:2', 'url', /tcp to udp/],
    ['url udp://:1 chain url tcp://:2 tail url :3', 'url', /one protocol/],
    ['url :1 remote p url udp://:2 docker-ns db', 'url', /one protocol/],
    ['url udp://:1 tail connect', 'connect', /needs a stream/],
    ['url :1 tail url :2 connect http', 'url', /client names the destination/],
    ['url :1 tail connect also url :2', 'connect', /member of a pool/],
    ['url :1 tail url :2 auth /f', 'auth', /add connect/],
    ['url :1 auth /f remote p tail connect', 'auth', /add connect/],
    ['url :1 tail url 0.0.0.0:2', 'url', /no address to connect to/],
    ['url :1 tail url [::]:2', 'url', /no address to connect to/],
    ['url :1 mode 600 tail url :2', 'mode', /the head is tcp/],
    ['url udp://:1 owner root tail url :2', 'owner', /the head is udp/],
    ['url udp://:1 proxy-protocol v1 tail url :2', 'proxy-protocol', /PROXY header begins a stream/],
    ['url udp://:1 connect-timeout 1s tail url :2', 'connect-timeout', /nothing is connected/],
    ['url :1 tail url :2 idle 5m', 'idle', /no container/],
    ['url :1 tail url :2 ready tcp', 'ready', /no container/],
    ['url :1 docker-ns db ready tcp', 'ready', /nothing is started here; write trigger/],
    ['url :1 docker-ns db timeout 1m', 'timeout', /nothing is started here/],
    ['url :1 trigger docker-ns db on-idle pause', 'on-idle', /add idle DUR/],
    ['url :1 trigger remote p idle 5m docker-ns db on-idle stop balance rr mode 600', 'mode', /nothing listens/],
    ['url :1 idle 5m remote p docker-ns db', 'idle', /put it after the link/],
    ['url :1 balance rr remote p docker-ns db', 'balance', /remote takes the connections/],
    ['url :1 proxy-protocol v1 tunnel p docker-ns db', 'proxy-protocol', /tunnel takes the connections/],
    ['url :1 remote p max-conns 5 docker-ns db', 'max-conns', /nothing listens after remote/],
    ['url :1 remote p url 10.0.0.1:2 docker-ns db', 'url', /only a port/],
    ['url :1 remote p url unix:///x docker-ns db', 'url', /only a port/],
    ['url :1 remote p url blue@:2 docker-ns db', 'url', /in no namespace/],
    ['url :1 remote p docker-ns app tail docker-ns db', 'docker-ns', /in no namespace/],
    ['url :1 tunnel p docker-run app tail docker-ns db', 'docker-run', /in no namespace/],
    ['url :1 tail docker-ns db remote p', 'docker-ns', /never reached, the connection goes to the peer/],
    ['url :1 trigger docker-run web tunnel p', 'docker-run', /never reached/],
    ['url :1 docker-ns db child url :0 tail url :2', 'child', /no port|needs a port of its own/],
    ['url :1 tail docker-ns db child tail url :2', 'child', /needs a port of its own; write child url :PORT/],
    ['url :1 chain tail url :2', 'chain', /needs a port of its own; write chain url :PORT/],
    ['url :1 tail url :2 chain url :3 tail url :4', 'url', /takes those of the next head/],
    ['url :1 tail docker-ns db also docker-ns app chain url :3 tail url :4', 'also', /this is a pool/],
    ['url :1 tail docker-ns db also docker-ns app child url :3 tail url :4', 'also', /this pool has several/],
    ['url :1 tail docker-ns db chain url :3 docker-ns app tail url :4', 'docker-ns', /two namespaces/],
    ['url :1 chain url :3 docker-run app tail url :4', 'docker-run', /put it into the tail/],
    ['url :1 tail url :2 child url :1 tail url :3', 'url', /two heads of this spec listen on TCP 127.0.0.1:1/],
  ])('refuses %s and points at %s', (line, word, reason) => {
    expect(refusal(line).message).toMatch(reason);
    expect(refusal(line).code).toBe('WH_ERR_SPEC_INVALID');
    expect(refusal(line).detail).toMatchObject({ segment: expect.any(Number) });
    expect(pointed(line)).toBe(word);
  });

  test.each([
    'url :9000',
    'url :9000 tail',
    'url :9000 docker-ns tail',
    'url 127.0.0.1:9000 tail url localhost:9000',
    'url localhost:9000 tail url 127.0.0.1:9000',
    'url localhost:9000 tail url [::1]:9000',
    'url LOCALHOST:9000 tail url localhost.:9000',
    'url 0.0.0.0:9000 tail url :9000',
    'url 0.0.0.0:9000 tail url 127.9.9.9:9000',
    'url [::]:9000 tail url :9000',
    'url [::]:9000 tail url [::1]:9000',
    'url [::ffff:127.0.0.1]:9000 tail url :9000',
    'url udp://:9000 tail url 127.0.0.1:9000',
    'url :9000 tail url :9001 also url :9000',
    'url :9000 docker-ns db tail docker-ns db',
    'url :9000 docker-ns db tail url container:db@:9000',
    'url blue@:9000 tail url blue@:9000',
    'url unix:///run/x tail url unix:///run/x',
    'url unix:///run/x tail url unix:///run/../run/./x',
    'url :9000 chain url :9000 tail url :9001',
    'url :9000 chain url :9001 tail url :9000',
    'url :9000 tail url :9001 child url :9001 tail url :9000',
    'url :9000 tail url :9001 child url :9001 chain url :9002 tail url :9000',
    'url :9000 remote p tail docker-ns db child url :81 tail url :81 docker-ns db',
    'url :1 docker-run web child url :2 tail url :3 child url :3 tail url :3',
  ])('refuses a wormhole that leads to itself: %s', (line) => {
    expect(refusal(line)).toMatchObject({
      code: 'WH_ERR_SELF_PROXY',
      message: expect.stringMatching(/would come back there; give/),
    });
  });

  test.each([
    'url :9000 docker-ns db',
    'url :9000 docker-ns app tail url :9000',
    'url :9000 tail url 127.0.0.2:9000',
    'url :9000 tail url [::1]:9000',
    'url 0.0.0.0:9000 tail url [::1]:9000',
    'url 0.0.0.0:9000 tail url 10.0.0.9:9000',
    'url blue@:9000 tail url :9000',
    'url unix:///run/x docker-ns db tail url unix:///run/x',
    'url :9000 remote p',
    'url :9000 remote p tail url :9000',
    'url :80 docker-run web child url :81 tail url :80',
    'url :9000 tail url :9001 child url :9002 tail url :9001',
  ])('lets pass what only looks like it: %s', (line) => {
    expect(() => plan(parse(line.split(' ')))).not.toThrow();
  });
});
