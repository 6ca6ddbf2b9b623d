/**
 * Micro benchmark of the datagram channel: one process sends, another counts, over the loopback interface, against plain
 * node:dgram sockets and against socat, which forwards in clear.
 *
 * `node bench/datagrams.mjs` after `make`. Not part of `make bench`: figures are ratios within one run. The sender keeps a
 * window under way, so that the rate is what the path carries and not what it drops. Give loopback the
 * MTU of Ethernet before (`ip link set lo mtu 1500`, in a namespace), or packets grow to what loopback passes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { DatagramChannel } from '../dist/carrier/datagram/channel.js';
import { NativeSockets } from '../dist/carrier/datagram/native-sockets.js';
import { NodeSockets } from '../dist/carrier/datagram/node-sockets.js';
import { DatagramSockets } from '../dist/carrier/datagram/sockets.js';

const host = '127.0.0.1';
const option = (name, otherwise) =>
  Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise);
const seconds = option('seconds', 1);
const rounds = option('rounds', 3);
const window = 1_024;
const ackEvery = 32;

/** Each way to move datagrams: `send`, and who is told what comes. */
const lanes = {
  'node:dgram': (side, onMessage) => plainLane(side, onMessage, 9_701),
  socat: (side, onMessage) => plainLane(side, onMessage, side === 'source' ? 9_702 : 9_703),
  'channel, native': (side, onMessage) => channelLane(side, onMessage, 9_704, new NativeSockets()),
  'channel, node:dgram': (side, onMessage) => channelLane(side, onMessage, 9_705, new NodeSockets()),
};

async function plainLane(side, onMessage, port) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
  let peer;
  socket.on('error', () => {});
  socket.on('message', (bytes, from) => {
    peer = from;
    onMessage(bytes);
  });
  socket.bind(side === 'sink' ? port : 0, host);
  await once(socket, 'listening');
  if (side === 'source') {
    socket.connect(port, host);
    await once(socket, 'connect');
    return { send: (bytes) => socket.send(bytes) };
  }
  return { send: (bytes) => socket.send(bytes, peer.port, peer.address) };
}

async function channelLane(side, onMessage, port, maker) {
  const sockets = new DatagramSockets(maker);
  if (side === 'sink') sockets.listen({ host, port });
  const channel = new DatagramChannel({
    role: side === 'sink' ? 'acceptor' : 'dialer',
    secret: Buffer.alloc(32, 7),
    epoch: 1,
    remote: side === 'source' ? sockets.towards({ host, port }) : undefined,
    onDatagram: (_flow, bytes) => onMessage(bytes),
    onFlushDue: sockets.due,
    aead: sockets.aead,
  });
  sockets.add(channel);
  if (side === 'source') {
    while (channel.state !== 'direct') await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // until the packet size is found
  }
  return { send: (bytes) => channel.send(1, bytes), stats: () => channel.stats };
}

/** Counts what comes; says now and then how much, and which was the last. */
async function sink(name) {
  const told = Buffer.alloc(16);
  let count = 0;
  const lane = await lanes[name]('sink', (bytes) => {
    count += 1;
    const number = bytes.readUInt32LE(0);
    // What asks for it, and every so many.
    if (number % ackEvery !== 0 && bytes[4] !== 1) return;
    told.writeUInt32LE(number, 0);
    told.writeUInt32LE(count, 4);
    told.writeDoubleLE(process.cpuUsage().user + process.cpuUsage().system, 8);
    lane.send(Buffer.from(told));
  });
  process.stdout.write('ready\n');
}

/** Sends for a while. @returns datagrams and seconds of CPU, both ends, by second */
async function source(name, size) {
  let sent = 0;
  let acknowledged = 0;
  let heard = { count: 0, cpu: 0 };
  const lane = await lanes[name]('source', (bytes) => {
    acknowledged = Math.max(acknowledged, bytes.readUInt32LE(0));
    heard = { count: bytes.readUInt32LE(4), cpu: bytes.readDoubleLE(8) };
    pump();
  });
  let last = 0;
  let running = true;
  const payload = Buffer.alloc(size);
  const pump = () => {
    while (running && sent - acknowledged < window) {
      sent += 1;
      payload.writeUInt32LE(sent, 0);
      lane.send(lane.stats === undefined ? Buffer.from(payload) : payload);
    }
  };
  const stalled = setInterval(() => {
    if (acknowledged === last) acknowledged = sent; // a loss: what is missing will never be acknowledged
    last = acknowledged;
    pump();
  }, 20);
  pump();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const from = { at: performance.now(), ...process.cpuUsage(), heard, sent };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1e3));
  running = false;
  const took = (performance.now() - from.at) / 1e3;
  const own = process.cpuUsage(from);
  const cpu = (own.user + own.system + heard.cpu - from.heard.cpu) / 1e6;
  clearInterval(stalled);
  const arrived = heard.count - from.heard.count;
  const lost = 1 - arrived / (sent - from.sent);
  console.log(JSON.stringify({ rate: arrived / took, cpu: cpu / arrived, lost, packet: lane.stats?.().packetSize }));
  process.exit(0);
}

/** In a process group of its own, because socat forks. */
const group = (program, words, stdio) => spawn(program, words, { detached: true, stdio: ['ignore', stdio, 'inherit'] });
const start = (...words) => group(process.execPath, [import.meta.filename, `--seconds=${seconds}`, ...words], 'pipe');

async function cell(name, size) {
  const others = [start('--sink', name)];
  if (name === 'socat') {
    const from = `UDP4-LISTEN:9702,bind=${host},fork,rcvbuf=4194304`;
    others.push(group('socat', ['-b', '65536', from, `UDP4:${host}:9703,rcvbuf=4194304`], 'ignore'));
  }
  await once(others[0].stdout, 'data');
  if (name === 'socat') await new Promise((resolve) => setTimeout(resolve, 300));
  const run = start('--source', name, String(size));
  let text = '';
  run.stdout.on('data', (chunk) => (text += chunk));
  await once(run, 'close');
  await Promise.all(others.map((other) => (process.kill(-other.pid), once(other, 'exit'))));
  return JSON.parse(text);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function main() {
  const names = Object.keys(lanes).filter((name) => name !== 'socat' || spawnSync('socat', ['-V']).status === 0);
  for (const size of [64, 1_200]) {
    const runs = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) for (const name of names) runs[name].push(await cell(name, size));
    const base = median(runs['node:dgram'].map(({ rate }) => rate));
    const socat = runs.socat && median(runs.socat.map(({ rate }) => rate));
    for (const name of names) {
      const rate = median(runs[name].map((run) => run.rate));
      const columns = [
        `${(rate / 1e3).toFixed(0)} k/s`.padStart(9),
        `${((rate * size * 8) / 1e9).toFixed(2)} Gbit/s`.padStart(12),
        `${(rate / base).toFixed(2)} of node:dgram`,
        socat ? `${(rate / socat).toFixed(2)} of socat` : '',
        `${(median(runs[name].map((run) => run.cpu)) * 1e6).toFixed(1)} CPU µs each`,
        `${(median(runs[name].map((run) => run.lost)) * 100).toFixed(1)} % lost`,
        runs[name][0].packet === undefined ? '' : `packets of ${runs[name][0].packet}`,
      ];
      console.log(`${String(size).padStart(5)} B  ${name.padEnd(22)}${columns.join('  ')}`);
    }
  }
}

const at = (word) => process.argv.indexOf(word);
if (at('--sink') > 0) await sink(process.argv[at('--sink') + 1]);
else if (at('--source') > 0) await source(process.argv[at('--source') + 1], Number(process.argv[at('--source') + 2]));
else await main();
