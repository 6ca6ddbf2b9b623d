/**
 * Micro benchmark of the mux: two sessions in one process, over a loopback connection, against the bare connection.
 *
 * `node bench/mux.mjs` after `make`. Not part of `make bench`: figures are ratios within one run, and both ends share a core.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { MuxSession } from '../dist/carrier/mux/session.js';
import { streamDuplex } from '../dist/carrier/mux/stream-duplex.js';
import { socketPipe } from '../dist/carrier/socket-pipe.js';

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

/** Sends `total` bytes into `writable` with its back-pressure, then ends it. */
async function pump(writable, total) {
  for (let left = total; left > 0; left -= block.length) if (!writable.write(block)) await once(writable, 'drain');
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

async function bare() {
  const [near, far] = await pair();
  const result = await timed(() => Promise.all([drink(far), pump(near, bulkMebi * mebi)]));
  near.destroy();
  far.destroy();
  return result;
}

/** @param open how a stream is used: by its own face, or as a Duplex */
async function sessions(onStream) {
  const [near, far] = await pair();
  const dialer = new MuxSession(socketPipe(near), { dialed: true, onStream: () => {}, onClose: () => {} });
  const acceptor = new MuxSession(socketPipe(far), { dialed: false, onStream, onClose: () => {} });
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
async function muxRaw(count) {
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
  });
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
  'bare net.Socket, 1 stream': bare,
  'mux, 1 stream': () => muxRaw(1),
  'mux, 8 streams': () => muxRaw(8),
  'mux as Duplex, 1 stream': () => muxDuplex(1),
  'mux as Duplex, 8 streams': () => muxDuplex(8),
};
const runs = Object.fromEntries(Object.keys(cells).map((name) => [name, []]));
for (let round = 0; round < 4; round += 1) {
  // The first round warms up.
  for (const [name, cell] of Object.entries(cells)) {
    const run = await cell();
    if (round > 0) runs[name].push(run);
  }
}
const base = median(runs['bare net.Socket, 1 stream'].map(({ seconds }) => seconds));
for (const [name, list] of Object.entries(runs)) {
  const seconds = median(list.map((run) => run.seconds));
  const cpu = median(list.map((run) => run.cpu));
  const speed = `${(bulkMebi / seconds).toFixed(0)} MiB/s`.padStart(12);
  const cost = `${((cpu * 1_024) / bulkMebi).toFixed(2)} CPU s/GiB`;
  console.log(`${name.padEnd(28)}${speed}  ${(base / seconds).toFixed(2)} of bare  ${cost}`);
}
for (const atOnce of [1, 100]) {
  const run = [await streamsPerSecond(20_000, atOnce), await streamsPerSecond(20_000, atOnce)][1];
  console.log(`new streams, ${atOnce} at once`.padEnd(28) + `${(20_000 / run.seconds).toFixed(0)}/s`.padStart(12));
}
