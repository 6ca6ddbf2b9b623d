/**
 * The client of the demonstration: asks the demo service for bytes and prints its greeting, and the speed.
 *
 * Usage: demo-client.mjs HOST PORT [BYTES]. Exits 1 with the reason when the connection cannot be made or ends early.
 */
import { connect } from 'node:net';

const [host, port, bytes = '0'] = process.argv.slice(2);
const wanted = Number(bytes);
const began = performance.now();
let greeting = '';
let received = 0;

const socket = connect({ host, port: Number(port) });
socket.setTimeout(10_000, () => socket.destroy(new Error('no answer for 10 s')));
socket.on('connect', () => socket.write(`${wanted}\n`));
socket.on('data', (chunk) => {
  if (greeting.endsWith('\n')) received += chunk.length;
  else {
    const end = chunk.indexOf(0x0a);
    greeting += chunk.subarray(0, end === -1 ? chunk.length : end + 1).toString();
    if (end !== -1) received += chunk.length - end - 1;
  }
});
socket.on('error', ({ message, code }) => fail(code === 'ECONNREFUSED' ? 'connection refused' : message));
socket.on('end', () => {
  if (!greeting.endsWith('\n') || received !== wanted) return fail('the connection ended early');
  console.log(`${host}:${port} says: ${greeting.trim()}`);
  if (wanted > 0) {
    const seconds = (performance.now() - began) / 1000;
    const gigabits = ((received * 8) / seconds / 1e9).toFixed(1);
    console.log(`${received} bytes in ${seconds.toFixed(2)} s, ${gigabits} Gbit/s`);
  }
});

function fail(reason) {
  console.log(`${host}:${port}: ${reason}`);
  process.exitCode = 1;
}
