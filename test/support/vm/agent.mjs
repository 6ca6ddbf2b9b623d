/**
 * Inside the virtual machine: starts test workers as the runner outside asks, and carries messages between them.
 *
 * One line of the port is one frame: base64 of `v8.serialize`. Each worker has a number; a frame is of one worker.
 * To us: { worker, start: { box, entry, words, env } }, { worker, message }, { worker, signal }. From us: { ready },
 * { worker, message }, { worker, out }, { worker, error }, { worker, exit }. Ends when the port does.
 *
 * With a directory (see file-port.ts) the port tells names of files there, each with such lines; an empty line of ours says that one
 * was taken.
 */
import { fork } from 'node:child_process';
import { createReadStream, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { deserialize, serialize } from 'node:v8';

const [, , portFile, letters] = process.argv;
const port = openSync(portFile, 'r+');
/** Number → process. */
const workers = new Map();

function tell(frame) {
  say(`${serialize(frame).toString('base64')}\n`);
}

function say(text) {
  const line = Buffer.from(text);
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

/** The frames of a file. */
function taken(name) {
  const path = join(letters, name);
  const frames = readFileSync(path, 'latin1').trimEnd().split('\n');
  unlinkSync(path);
  say('\n');
  return frames;
}

function hear(text) {
  const { worker, ...frame } = deserialize(Buffer.from(text, 'base64'));
  if ('start' in frame) start(worker, frame.start);
  else if ('message' in frame) workers.get(worker)?.send(frame.message, () => undefined);
  else workers.get(worker)?.kill(frame.signal);
}

tell({ ready: true });
const lines = createInterface({ input: createReadStream('', { fd: port }), crlfDelay: 0 });
for await (const line of lines) for (const frame of letters === undefined ? [line] : taken(line)) hear(frame);
