import { expect, test } from 'vitest';
import { connectedSocket, serve } from '../../../test/support/relay-targets.ts';
import { IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_NODELAY } from '../../sys/constants.ts';
import { getOption } from '../../sys/sockets.ts';
import { adopt } from './socket.ts';

test('a socket that was made by hand does not wait for small writes, and notices a peer that vanished', async () => {
  await using target = await serve();
  await using made = await connectedSocket(target.address);
  const { fd } = made.socket;
  const socket = adopt(made.socket);
  expect([getOption(fd, IPPROTO_TCP, TCP_NODELAY), getOption(fd, SOL_SOCKET, SO_KEEPALIVE)]).toEqual([1, 1]);
  socket.destroy();
});
