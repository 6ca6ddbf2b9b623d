/**
 * What speaks to a target on behalf of one UDP client: a connected socket, or a flow through a link.
 */
import type { RouteOptions, UpstreamTarget } from '../route.ts';
import { type DatagramEnd, type SendReport, sendThrough } from './datagram-end.ts';
import { connectDatagram, sendDatagram } from './datagram-socket.ts';
import { patiently } from './patience.ts';
import type { Ways } from './ways.ts';

/** Owned by the flow. */
export interface FlowUpstream {
  /** The report tells what became of it, at once or soon. */
  send(data: Buffer): void;
  close(): void;
}

/** What an upstream tells. */
export interface FlowEars {
  /** The data may be volatile. */
  readonly onDatagram: (data: Buffer) => void;
  /** What became of what was sent. */
  readonly report: SendReport;
  /** The target is not there, says ICMP; it may come. */
  readonly onRefused: (error: Error) => void;
  /** Nothing will come any more. */
  readonly onClose: () => void;
}

/** What an upstream is made for. */
export interface FlowWanted {
  /** The client, as text. */
  readonly from: string;
  readonly options: RouteOptions;
  readonly ways: Ways;
  readonly signal: AbortSignal;
}

/** @throws node's SystemError, e.g. ENETUNREACH; what the link fails with; the signal's reason */
export async function openUpstream(target: UpstreamTarget, wanted: FlowWanted, ears: FlowEars): Promise<FlowUpstream> {
  const end = await dialThrough(target, wanted);
  if (end !== undefined) {
    end.onDatagram(ears.onDatagram);
    end.onClose(ears.onClose);
    return { send: (data) => sendThrough(end, data, ears.report), close: () => end.close() };
  }
  const { pump, raw } = wanted.ways;
  if (pump !== undefined && raw !== undefined) {
    const sockets = pump.datagrams(raw.dialDatagram(target), {
      onDatagram: (data) => ears.onDatagram(data),
      onError: (error) => ears.onRefused(error),
    });
    const there = sockets.destination(ears.report);
    return { send: (data) => sockets.send(data, there), close: () => sockets[Symbol.dispose]() };
  }
  const socket = await connectDatagram(target, wanted.ways.raw, ears.onRefused);
  socket.on('message', ears.onDatagram);
  return { send: (data) => sendDatagram(socket, data, undefined, ears.report), close: () => socket.close() };
}

async function dialThrough({ address }: UpstreamTarget, wanted: FlowWanted): Promise<DatagramEnd | undefined> {
  const { from, options, ways, signal } = wanted;
  const dial = ways.flow;
  if (address.kind !== 'link' || dial === undefined) return undefined;
  const timeoutMs = options.connectTimeoutMs > 0 ? options.connectTimeoutMs : Number.POSITIVE_INFINITY;
  return patiently({ timeoutMs, signal }, (made, refuse) => {
    const unwanted = new AbortController();
    dial(address, from, unwanted.signal).then((end) => {
      if (unwanted.signal.aborted) end.close();
      else made(end);
    }, refuse);
    return (reason) => unwanted.abort(reason);
  });
}
