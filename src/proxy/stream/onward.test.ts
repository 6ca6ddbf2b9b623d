/** A connection that a worker carries on; datagram sockets have the same addresses at once. */
import { afterEach, describe, expect, test } from 'vitest';
import { Scope } from '../../lib/scope.ts';
import { AF_INET, SOCK_DGRAM } from '../../sys/constants.ts';
import { formatIp, type IpEndpoint } from '../../sys/sockaddr.ts';
import { bindIp, connectIp, localEndpoint, socketIn } from '../../sys/sockets.ts';
import { Passing, passingBytes } from '../passing.ts';
import { Onward } from './onward.ts';

let scope = new Scope('sockets');
afterEach(async () => {
  await scope[Symbol.asyncDispose]();
  scope = new Scope('sockets');
});

function socket(to?: IpEndpoint) {
  const { fd } = scope.use(socketIn(undefined, AF_INET, SOCK_DGRAM));
  bindIp(fd, { host: '127.0.0.1', port: 0 });
  if (to !== undefined) connectIp(fd, to);
  const address = localEndpoint(fd) as IpEndpoint;
  return { fd, address, text: formatIp(address) };
}

describe('a connection that has come through peers', () => {
  test.each(['of its socket', 'that its accept has told'])('goes on with its count by the address %s', (how) => {
    const passing = new Passing(new SharedArrayBuffer(passingBytes));
    const onward = new Onward(passing);
    const client = socket();
    const told = how !== 'of its socket';
    const connection = {
      client: { fd: told ? -1 : socket(client.address).fd },
      clientAddress: told ? () => client.text : undefined,
      onwardFrom: '',
    };
    const [one, other] = [socket(), socket()];
    onward.dialed(connection, one.fd);
    expect(connection.onwardFrom).toBe('');
    passing.note(client.text, 3);
    onward.dialed(connection, one.fd);
    expect(passing.hopsOf(one.text)).toBe(3);
    onward.dialed(connection, other.fd);
    expect([passing.hopsOf(one.text), passing.hopsOf(other.text)]).toEqual([0, 3]);
    onward.ended(connection);
    onward.ended(connection);
    expect([passing.hopsOf(other.text), connection.onwardFrom]).toEqual([0, '']);
  });
});
