import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { serviceLogger } from './logging.js';
import { documentedAnswer, type AnswerContext, type Refusal } from './node-answers.js';
import { USUAL_REQUESTS_AT_ONCE } from './requests-at-once.js';
import { measureOverload } from './telemetry/request-metrics.js';
import { WaitingRequests } from './waiting-requests.js';

/** A share of the places that is beside them: for webhooks, so that they are refused last, or for others while webhooks have all. */
const BESIDE = 0.5;
/** How many times as many may be arriving. */
const ARRIVING = 12;
/** How often refusals are reported, in milliseconds. */
const REPORT_MS = 1_000;

/** Stripe calls no other address by POST. */
const WEBHOOK = /\/webhooks\/[^/]+\/(?:test|live)\/?(?:\?|$)/;

const TOO_MANY: Refusal = {
  code: 'dependency_unavailable',
  detail: 'The service has more requests than it can answer in time; send this one again shortly.',
};

/**
 * Bounds the requests that are worked on at once: one more waits for a moment, and is refused before it costs a token's check or a
 * statement, so that those before it are answered in time. Probes are always answered.
 */
export function boundRequests(
  handler: RequestListener,
  context: AnswerContext,
  atOnce = USUAL_REQUESTS_AT_ONCE,
): RequestListener {
  const logger = serviceLogger('Admission', context.logger);
  const webhooks = new WaitingRequests();
  const others = new WaitingRequests();
  const admitted = new Admitted(atOnce, () => {
    while (webhooks.isAny && admitted.makeRoom(true)) webhooks.startNext();
    while (others.isAny && admitted.makeRoom(false)) others.startNext();
  });
  let refused = 0;
  const report = (): void => {
    logger.write('requests.refused_by_load', { count: refused });
    refused = 0;
  };
  return (request, response) => {
    const { method, url = '' } = request;
    if (url.startsWith('/health/')) {
      handler(request, response);
      return;
    }
    const isWebhook = method === 'POST' && WEBHOOK.test(url);
    const start = (): void => {
      if (request.socket.destroyed) return;
      admitted.add(request, response, isWebhook);
      handler(request, response);
    };
    const waiting = isWebhook ? webhooks : others;
    if (!waiting.isAny && admitted.makeRoom(isWebhook)) {
      start();
      return;
    }
    response.once('close', () => {
      waiting.leave(start);
    });
    waiting.add(start, () => {
      if (refused === 0) setTimeout(report, REPORT_MS).unref();
      refused += 1;
      measureOverload(method, isWebhook);
      refuse(request, response, context);
    });
  };
}

/** The requests that were admitted and are not over. */
class Admitted {
  /** In the order in which they came, and whether they are webhooks. */
  private readonly requests = new Map<IncomingMessage, boolean>();
  private readonly ofSocket = new WeakMap<Socket, Set<IncomingMessage>>();

  /** @param onRoom is called when one or more are over */
  constructor(
    private readonly atOnce: number,
    private readonly onRoom: () => void,
  ) {}

  /**
   * Makes room for one more, and says whether there is any. Neither webhooks nor others can take so many places that none is left
   * for the other kind. A request whose body is still arriving costs nothing but memory, and anybody can let one arrive slowly: it takes nobody's place, and where there are too many of these, the one that has been arriving the longest is ended.
   */
  makeRoom(isWebhook: boolean): boolean {
    const { atOnce } = this;
    if (this.requests.size < atOnce) return true;
    const arriving = [...this.requests.keys()].filter(({ complete }) => !complete);
    const all = this.requests.size - arriving.length;
    if (all >= atOnce && !this.hasRoomBeside(isWebhook, all)) return false;
    if (arriving.length >= atOnce * ARRIVING) arriving[0]?.socket.destroy();
    return true;
  }

  private hasRoomBeside(isWebhook: boolean, all: number): boolean {
    const beside = Math.ceil(this.atOnce * BESIDE);
    const ofKind = [...this.requests].filter(
      ([{ complete }, isOne]) => complete && isOne === isWebhook,
    ).length;
    return isWebhook ? ofKind < this.atOnce && all < this.atOnce + beside : ofKind < beside;
  }

  add(request: IncomingMessage, response: ServerResponse, isWebhook: boolean): void {
    const { socket } = request;
    const ofSocket = this.ofSocket.get(socket) ?? this.watch(socket);
    this.requests.set(request, isWebhook);
    ofSocket.add(request);
    response.once('close', () => {
      this.requests.delete(request);
      ofSocket.delete(request);
      this.onRoom();
    });
  }

  /** An answer that waits behind another one of its connection is not told that the connection is closed. */
  private watch(socket: Socket): Set<IncomingMessage> {
    const requests = new Set<IncomingMessage>();
    this.ofSocket.set(socket, requests);
    socket.once('close', () => {
      for (const request of requests) this.requests.delete(request);
      this.onRoom();
    });
    return requests;
  }
}

/** Keeps the connection, since a new one would cost more than the answer. One line of the log counts those of a second. */
function refuse(request: IncomingMessage, response: ServerResponse, context: AnswerContext): void {
  const { status, headers, body } = documentedAnswer(TOO_MANY, context, request);
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}
