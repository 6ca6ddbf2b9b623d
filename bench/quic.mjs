/**
 * The reverse tunnel and its engine: one stream and eight in bulk, CPU seconds per GB, ping-pong of 64 bytes; for
 * scale, the same through two TLS sockets of Node.js.
 *
 * `scripts/in-netns.sh node bench/quic.mjs [GB]` after `make`. Each end is a process of its own. Not part of `make bench`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { makeCertificates } from '../dist/agent/certs/directory.js';
import { defaultQuicLimits, defaultTransport } from '../dist/carrier/quic/config.js';
import { quicheEngine } from '../dist/carrier/quic/quiche-engine.js';
import { acceptedDuplex, openedDuplex } from '../dist/carrier/quic/stream-duplex.js';

const serverName = 'quic-tunnel-server';
const transport = { ...defaultTransport, alpn: ['wormhole-quic/1'] };
const block = Buffer.alloc(64 * 1024, 1);
const pings = 5_000;

/** What the far end does with a stream: drinks it and says how much, or echoes pings. */
function serve(stream) {
  stream.on('error', () => {});
  let bytes = 0;
  let echo;
  stream.on('data', (chunk) => {
    echo ??= chunk[0] === 2;
    bytes += chunk.length;
    if (echo) stream.write(chunk);
  });
  stream.on('end', () => stream.end(echo ? undefined : String(bytes)));
}

async function far(kind, directory) {
  const pem = (name) => readFileSync(join(directory, name));
  const files = { ca: pem('ca.crt'), cert: pem('tls.crt'), key: pem('tls.key') };
  if (kind === 'tls') {
    const server = tls.createServer({ ...files, requestCert: true, allowHalfOpen: true, noDelay: true }, serve);
    server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  } else {
    const engine = await quicheEngine({ native: kind === 'native' });
    const listener = await engine.listen({
      address: { host: '127.0.0.1', port: 0 },
      credentials: files,
      transport,
      limits: defaultQuicLimits,
      onConnection: (connection) => connection.onStream((stream) => serve(acceptedDuplex(stream))),
    });
    process.send(listener.address.port);
  }
  let cpu = process.cpuUsage();
  process.on('message', () => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    process.send((user + system) / 1e6);
  });
}

/** @returns how to open a stream to the far end, and to leave it */
async function near(kind, directory, port) {
  const pem = (name) => readFileSync(join(directory, name));
  const files = { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') };
  if (kind === 'tls') {
    const open = async () => {
      const socket = tls.connect({ ...files, port, host: '127.0.0.1', servername: serverName, allowHalfOpen: true });
      await once(socket, 'secureConnect');
      return socket.setNoDelay(true);
    };
    return { open, leave: () => {} };
  }
  const engine = await quicheEngine({ native: kind === 'native' });
  const connection = await engine.connect({
    address: { host: '127.0.0.1', port },
    serverName,
    credentials: files,
    transport,
    keepAliveMs: 2_000,
    handshakeMs: 5_000,
    signal: new AbortController().signal,
  });
  return { open: async () => openedDuplex(connection.openStream()), leave: () => connection.close() };
}

async function bulk(open, streams, total) {
  const work = Array.from({ length: streams }, async () => {
    const stream = await open();
    for (let left = total / streams; left > 0; left -= block.length) {
      if (!stream.write(block)) await once(stream, 'drain');
    }
    stream.end();
    let answer = '';
    for await (const chunk of stream) answer += chunk;
    return Number(answer);
  });
  return (await Promise.all(work)).reduce((sum, bytes) => sum + bytes, 0);
}

async function pingPong(open) {
  const stream = await open();
  const times = [];
  for (let i = 0; i < pings; i += 1) {
    const start = performance.now();
    stream.write(Buffer.alloc(64, 2));
    await once(stream, 'data');
    times.push(performance.now() - start);
  }
  stream.on('error', () => {});
  stream.end();
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: sorted[pings / 2], p99: sorted[Math.floor(pings * 0.99)] };
}

async function measure(kind, directory, total) {
  const child = fork(process.argv[1], ['far', kind, directory]);
  const [port] = await once(child, 'message');
  const { open, leave } = await near(kind, directory, port);
  const farCpu = async () => {
    child.send('cpu');
    return (await once(child, 'message'))[0];
  };
  for (const streams of [1, 8]) {
    await farCpu();
    const cpu = process.cpuUsage();
    const start = performance.now();
    const bytes = await bulk(open, streams, total);
    const seconds = (performance.now() - start) / 1e3;
    const { user, system } = process.cpuUsage(cpu);
    const perGb = [(user + system) / 1e6, await farCpu()].map((spent) => (spent / (bytes / 1e9)).toFixed(2));
    console.log(
      `${kind.padEnd(8)} ${streams} stream(s)  ${((bytes * 8) / seconds / 1e9).toFixed(2)} Gbit/s  ` +
        `CPU s/GB ${perGb.join(' sending, ')} receiving`,
    );
  }
  const { p50, p99 } = await pingPong(open);
  console.log(`${kind.padEnd(8)} 64 bytes     p50 ${(p50 * 1e3).toFixed(0)} µs  p99 ${(p99 * 1e3).toFixed(0)} µs`);
  leave();
  child.kill();
}

if (process.argv[2] === 'far') await far(process.argv[3], process.argv[4]);
else {
  const directory = mkdtempSync(join(tmpdir(), 'wormhole-bench-'));
  makeCertificates({ directory, clients: [], serverName, days: 1 });
  const total = Number(process.argv[2] ?? 0.5) * 1e9;
  for (const kind of ['native', 'dgram', 'tls']) {
    await measure(kind, directory, Math.ceil(total / (8 * block.length)) * 8 * block.length);
  }
  rmSync(directory, { recursive: true });
  process.exit(0);
}
