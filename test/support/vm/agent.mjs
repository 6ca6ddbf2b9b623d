/**
 * Inside the virtual machine: starts test workers as the runner outside asks, and carries messages between them.
 *
 * One line of the port is one frame: base64 of `v8.serialize`. Each worker has a number; a frame is of one worker.
 * To us: { worker, start: { box, entry, words, env } }, { worker, message }, { worker, signal }. From us: { ready },
 * { worker, message }, { worker, out }, { worker, error }, { worker, exit }. Ends when the port does.
 */
import { fork } from 'node:child_process';
import { createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { deserialize, serialize } from 'node:v8';

const port = openSync(process.argv[2], 'r+');
/** Number → process. */
const workers = new Map();

function tell(frame) {
  const line = Buffer.from(`${serialize(frame).toString('base64')}\n`);
  for (let sent = 0; sent < line.length; ) sent += writeSync(port, line, sent);
}

function start(worker, { box, entry, words, env }) {
  const child = fork(entry, [], { execPath: box, execArgv: words, env, stdio: 'pipe', serialization: 'advanced' });
  workers.set(worker, child);
  child.stdout.on('data', (out) => tell({ worker, out }));
  child.stderr.on('data', (error) => tell({ worker, error }));
  child.on('message', (message) => tell({ worker, message }));
  child.on('error', (error) => tell({ worker, error: Buffer.from(`${error.stack}\n`) }));
  child.on('close', (code, signal) => {
    workers.delete(worker);
    tell({ worker, exit: [code, signal] });
  });
}

tell({ ready: true });
const lines = createInterface({ input: createReadStream('', { fd: port }), crlfDelay: 0 });
for await (const line of lines) {
  const { worker, ...frame } = deserialize(Buffer.from(line, 'base64'));
  if ('start' in frame) start(worker, frame.start);
  else if ('message' in frame) workers.get(worker)?.send(frame.message, () => undefined);
  else workers.get(worker)?.kill(frame.signal);
}
