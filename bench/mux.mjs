/**
 * Micro benchmark of the mux: two sessions in one process, over a loopback connection, against the bare connection.
 *
 * `node bench/mux.mjs` after `make`. Not part of `make bench`: figures are ratios within one run, and both ends share a core.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import tls from 'node:tls';
import { MuxSession } from '../dist/carrier/mux/session.js';
import { streamDuplex } from '../dist/carrier/mux/stream-duplex.js';
import { acceptSession } from '../dist/carrier/resume/accept.js';
import { beginSession } from '../dist/carrier/resume/redial.js';
import { socketPipe } from '../dist/carrier/socket-pipe.js';
import { tlsProfile } from '../dist/lib/tls-profile.js';

const mebi = 1024 * 1024;
const bulkMebi = Number(process.argv[2] ?? 1_024);
const block = Buffer.alloc(64 * 1024, 1);

async function pair() {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  server.close();
  return [near, far];
}

/** As pair, with the carrier's TLS on it. */
async function tlsPair() {
  const [near, far] = await pair();
  const psk = Buffer.alloc(32, 7);
  const common = { ...tlsProfile, allowHalfOpen: true };
  const server = new tls.TLSSocket(far, {
    ...common,
    isServer: true,
    pskCallback: () => psk,
    secureContext: tls.createSecureContext(tlsProfile),
  });
  const client = tls.connect({
    ...common,
    socket: near,
    pskCallback: () => ({ psk, identity: 'wormhole' }),
    checkServerIdentity: () => undefined,
  });
  await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
  return [client, server];
}

/** Sends `total` bytes into `writable` with its back-pressure, then ends it. */
async function pump(writable, total, chunk = block) {
  for (let left = total; left > 0; left -= chunk.length) if (!writable.write(chunk)) await once(writable, 'drain');
  writable.end();
}

function drink(readable) {
  return new Promise((resolve) => {
    let bytes = 0;
    readable.on('data', (chunk) => (bytes += chunk.length));
    readable.on('end', () => resolve(bytes));
  });
}

/** Runs `work` and says how many seconds it took, and how many of CPU. */
async function timed(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 };
}

async function bare(make, chunk = block) {
  const [near, far] = await make();
  const result = await timed(() => Promise.all([drink(far), pump(near, bulkMebi * mebi, chunk)]));
  near.destroy();
  far.destroy();
  return result;
}

/** Two sessions. @param path what they stand on: how the sockets are made, and whether a resumable pipe lies between */
async function sessions(onStream, path = {}) {
  const [near, far] = await (path.make ?? pair)();
  const options = { onClose: () => {}, limits: path.resumable ? { deadAfterMs: Infinity } : {} };
  let acceptor;
  const accept = (pipe) => (acceptor = new MuxSession(pipe, { ...options, dialed: false, onStream }));
  let pipe = socketPipe(near);
  if (path.resumable) {
    const exporter = Buffer.alloc(32, 1);
    acceptSession(socketPipe(far), { exporter, find: () => undefined, session: {}, onSession: accept });
    pipe = beginSession(pipe, { secret: exporter });
  } else {
    accept(socketPipe(far));
  }
  const dialer = new MuxSession(pipe, { ...options, dialed: true, onStream: () => {} });
  await dialer.ping();
  return { dialer, end: () => (dialer.destroy(), acceptor.destroy()) };
}

async function muxDuplex(count) {
  const drunk = [];
  const { dialer, end } = await sessions((stream) => {
    stream.accept();
    const duplex = streamDuplex(stream).on('error', () => {});
    drunk.push(drink(duplex).then(() => duplex.end()));
  });
  const total = Math.floor((bulkMebi * mebi) / count);
  const result = await timed(async () => {
    await Promise.all(
      Array.from({ length: count }, () =>
        pump(
          streamDuplex(dialer.openStream())
            .on('error', () => {})
            .resume(),
          total,
        ),
      ),
    );
    await dialer.ping();
    await Promise.all(drunk);
  });
  end();
  return result;
}

/** As muxDuplex, without Node.js streams on top. */
async function muxRaw(count, path) {
  let ended = 0;
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const { dialer, end } = await sessions((stream) => {
    stream.accept();
    stream.attach({
      onReadable: () => {
        while (stream.read() !== undefined);
        if (stream.ended) stream.end();
      },
      onWritable: () => {},
      onClose: () => {
        ended += 1;
        if (ended === count) done();
      },
    });
  }, path);
  const total = Math.floor((bulkMebi * mebi) / count);
  const result = await timed(async () => {
    for (let at = 0; at < count; at += 1) {
      const stream = dialer.openStream();
      let left = total;
      const more = () => {
        while (left > 0) {
          left -= block.length;
          if (!stream.write(block)) return;
        }
        stream.end();
      };
      stream.attach({ onReadable: () => {}, onWritable: more, onClose: () => {} });
      more();
    }
    await all;
  });
  end();
  return result;
}

/** Streams that ask 64 bytes and are answered 64 bytes, `atOnce` of them at a time. */
async function streamsPerSecond(count, atOnce) {
  const answer = Buffer.alloc(64, 2);
  const { dialer, end } = await sessions((stream) => {
    stream.accept();
    stream.attach({
      onReadable: () => {
        while (stream.read() !== undefined);
        if (!stream.ended) return;
        stream.write(answer);
        stream.end();
      },
      onWritable: () => {},
      onClose: () => {},
    });
  });
  let left = count;
  let over = 0;
  const result = await timed(
    () =>
      new Promise((resolve) => {
        const next = () => {
          if (left === 0) return;
          left -= 1;
          const stream = dialer.openStream();
          stream.attach({
            onReadable: () => {
              while (stream.read() !== undefined);
            },
            onWritable: () => {},
            onClose: () => {
              over += 1;
              if (over === count) resolve();
              else next();
            },
          });
          stream.write(answer);
          stream.end();
        };
        for (let at = 0; at < atOnce; at += 1) next();
      }),
  );
  end();
  return result;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const cells = {
  'bare, 64 KiB writes': () => bare(pair),
  'bare, 256 KiB writes': () => bare(pair, Buffer.alloc(256 * 1024, 1)),
  'mux, 1 stream': () => muxRaw(1),
  'mux, 8 streams': () => muxRaw(8),
  'mux as Duplex, 1 stream': () => muxDuplex(1),
  'mux as Duplex, 8 streams': () => muxDuplex(8),
  'resumable mux, 1 stream': () => muxRaw(1, { resumable: true }),
  'resumable mux, 8 streams': () => muxRaw(8, { resumable: true }),
};
const tlsCells = {
  'bare TLS, 64 KiB writes': () => bare(tlsPair),
  'bare TLS, 256 KiB writes': () => bare(tlsPair, Buffer.alloc(256 * 1024, 1)),
  'TLS, resumable mux, 1 stream': () => muxRaw(1, { make: tlsPair, resumable: true }),
  'TLS, resumable mux, 8 streams': () => muxRaw(8, { make: tlsPair, resumable: true }),
};
await compare(cells, 'bare, 256 KiB writes');
await compare(tlsCells, 'bare TLS, 256 KiB writes');
for (const atOnce of [1, 100]) {
  const run = [await streamsPerSecond(20_000, atOnce), await streamsPerSecond(20_000, atOnce)][1];
  console.log(`new streams, ${atOnce} at once`.padEnd(32) + `${(20_000 / run.seconds).toFixed(0)}/s`.padStart(12));
}

/** Medians of three interleaved rounds after one that warms up. @param yardstick what the others are measured by */
async function compare(table, yardstick) {
  const runs = Object.fromEntries(Object.keys(table).map((name) => [name, []]));
  for (let round = 0; round < 4; round += 1) {
    for (const [name, cell] of Object.entries(table)) {
      const run = await cell();
      if (round > 0) runs[name].push(run);
    }
  }
  const base = median(runs[yardstick].map(({ seconds }) => seconds));
  for (const [name, list] of Object.entries(runs)) {
    const seconds = median(list.map((run) => run.seconds));
    const cpu = median(list.map((run) => run.cpu));
    const speed = `${(bulkMebi / seconds).toFixed(0)} MiB/s`.padStart(12);
    const cost = `${((cpu * 1_024) / bulkMebi).toFixed(2)} CPU s/GiB`;
    console.log(`${name.padEnd(32)}${speed}  ${(base / seconds).toFixed(2)} of bare  ${cost}`);
  }
}
