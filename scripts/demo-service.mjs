/**
 * The service of the demonstration: listens on 127.0.0.1 only, greets, and sends as many bytes as it is asked for.
 *
 * Usage: demo-service.mjs PORT. A client sends one line with a number of bytes; the answer is a greeting line,
 * then that many zero bytes, then the end.
 */
import { createServer } from 'node:net';

const port = Number(process.argv[2]);
const block = Buffer.alloc(1 << 20);

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (line) => {
    let left = Number.parseInt(line.toString('latin1'), 10) || 0;
    const send = () => {
      while (left > 0) {
        const size = Math.min(left, block.length);
        left -= size;
        if (!socket.write(block.subarray(0, size))) {
          socket.once('drain', send);
          return;
        }
      }
      socket.end();
    };
    socket.write(`hello from a service that listens on 127.0.0.1:${port}, inside its own namespace\n`);
    send();
  });
});
server.listen(port, '127.0.0.1');
