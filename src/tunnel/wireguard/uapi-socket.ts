/**
 * Talks to a running wireguard-go: one connection per question, and one that only tells when the program ends.
 *
 * The socket is in the file system, so it is reached from any network namespace.
 */
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Errno, SyscallError } from '../../sys/errno.ts';
import { answerErrno } from './uapi.ts';

const FOLDER = '/var/run/wireguard';
/** The program answers from memory; a machine that swaps still answers within this. */
const ANSWER_MS = 5_000;
/** An answer has some 400 characters for each peer. */
const ANSWER_CHARACTERS = 8 * 1024 * 1024;

const pathOf = (name: string): string => `${FOLDER}/${name}.sock`;

/**
 * @param what for errors, without secrets
 * @throws {SyscallError} what the program refuses; ENOENT, ECONNREFUSED, ECONNRESET when it does not run (any more)
 */
export function ask(name: string, request: string, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(pathOf(name));
    let answer = '';
    const end = (error: Error | undefined): void => {
      socket.destroy();
      if (error === undefined) resolve(answer);
      else reject(error);
    };
    const failed = (why: string): Error => new Error(`wireguard-go: cannot ${what}: ${why}`);
    socket.setEncoding('latin1');
    socket.setTimeout(ANSWER_MS, () => end(failed(`no answer in ${ANSWER_MS / 1_000} s`)));
    socket.on('error', end);
    socket.on('close', () => end(new SyscallError(`wireguard-go: ${what}`, Errno.ECONNRESET)));
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > ANSWER_CHARACTERS) return end(failed('the answer is too long'));
      const errno = answerErrno(answer);
      if (errno !== undefined) end(errno === 0 ? undefined : new SyscallError(`wireguard-go: ${what}`, errno));
    });
    socket.write(request);
  });
}

/** Removes the socket that a program which was killed has left. */
export function forget(name: string): void {
  rmSync(pathOf(name), { force: true });
}

/** Calls back once, when the program has ended, or is not there. Does not keep this process alive. */
export function watch(name: string, onEnd: () => void): Disposable {
  const socket: Socket = connect(pathOf(name));
  let told = false;
  const tell = (): void => {
    if (!told) onEnd();
    told = true;
  };
  socket.on('error', tell);
  socket.on('close', tell);
  socket.resume();
  socket.unref();
  return {
    [Symbol.dispose]() {
      told = true;
      socket.destroy();
    },
  };
}
