/** A DNS server on a loopback port that answers as a test says, over UDP and TCP, and keeps what it was asked. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';

/** The records for a question, or a whole packet to send instead; undefined = silence. */
export type Answering = (question: Question, via: 'udp' | 'tcp') => readonly Answer[] | Packet | undefined;

export class DnsServer implements AsyncDisposable {
  /** `TYPE name via` of every question so far. */
  readonly asked: string[] = [];
  readonly #udp: dgram.Socket;
  readonly #tcp: net.Server;

  private constructor(udp: dgram.Socket, tcp: net.Server) {
    this.#udp = udp;
    this.#tcp = tcp;
  }

  static async start(answering: Answering): Promise<DnsServer> {
    const udp = dgram.createSocket('udp4');
    const tcp = net.createServer();
    const server = new DnsServer(udp, tcp);
    udp.on('message', (bytes, { port, address }) => {
      const answer = server.#answer(bytes, 'udp', answering);
      if (answer !== undefined) udp.send(answer, port, address);
    });
    tcp.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        const answer = server.#answer(bytes.subarray(2), 'tcp', answering);
        if (answer === undefined) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        // In three pieces: a reader must not depend on how a stream is cut.
        socket.write(length.subarray(0, 1));
        socket.write(length.subarray(1));
        socket.end(answer);
      });
    });
    // The same port for both; a taken one is left for the next try.
    for (;;) {
      tcp.listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      try {
        udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1');
        await once(udp, 'listening');
        return server;
      } catch {
        tcp.close();
      }
    }
  }

  get port(): number {
    return this.#udp.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    await once(this.#tcp, 'close');
  }

  #answer(bytes: Buffer, via: 'udp' | 'tcp', answering: Answering): Buffer | undefined {
    const { id, questions = [] } = decode(bytes);
    const [question] = questions;
    if (question === undefined || id === undefined) return undefined;
    this.asked.push(`${question.type} ${question.name} ${via}`);
    const answer = answering(question, via);
    if (answer === undefined) return undefined;
    const more = Array.isArray(answer) ? { answers: answer as Answer[] } : (answer as Packet);
    return encode({ type: 'response', id, questions: [question], ...more });
  }
}
