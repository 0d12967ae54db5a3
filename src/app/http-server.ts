import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { countOf } from '../payments/http/http-request.js';
import { boundUnreadBody } from '../payments/http/body/unread-body.js';
import {
  answerFault,
  answerLast,
  refuse,
  UNKNOWN_METHOD,
  type AnswerContext,
  type Refusal,
} from './node-answers.js';
import { boundRequests } from './admission.js';
import { allowOrigins } from './cors.js';
import { METHODS } from './methods.js';
import { boundPipelining } from './pipelining.js';

/** How long a connection may wait for its next request, in milliseconds. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** How long a request may take to arrive, in milliseconds. */
export interface ArrivalLimits {
  /** Its head. Node takes the larger of the two for the whole request. */
  headersTimeout: number;
  /** All of it. */
  requestTimeout: number;
  /** How often to check: the longest time until a late request is noticed. */
  connectionsCheckingInterval: number;
}

const LIMITS: ArrivalLimits = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
};

const NOT_ONE_HOST: Refusal = {
  code: 'malformed_request',
  detail: 'The request must have one Host header.',
};
const UNKNOWN_EXPECTATION: Refusal = {
  code: 'expectation_failed',
  detail: 'This service meets no expectation but 100-continue; send the request without Expect.',
};

/**
 * The only place that creates a server, so that its limits hold from the first connection on, and answers that Node would give
 * by itself have the documented form.
 */
export function createHttpServer(
  handler: RequestListener,
  context: AnswerContext,
  limits: ArrivalLimits = LIMITS,
): Server {
  const admitted = boundRequests(handler, context, context.requestsAtOnce);
  const answer = allowOrigins((request, response) => {
    const hosts = countOf('host', request.rawHeaders);
    // RFC 9112 section 3.2.
    if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1')) {
      refuse(request, response, NOT_ONE_HOST, context);
    } else if (!METHODS.has(request.method)) refuse(request, response, UNKNOWN_METHOD, context);
    else admitted(request, response);
  }, context);
  const bounded = boundPipelining((request, response) => {
    boundUnreadBody(request, response);
    answer(request, response);
  });
  const refuseExpectation = boundPipelining((request, response) => {
    boundUnreadBody(request, response);
    refuse(request, response, UNKNOWN_EXPECTATION, context);
  });
  const options = { ...limits, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, requireHostHeader: false };
  return createServer(options, bounded)
    .on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      // Only when the body is read, so that no client sends one that is refused because of its head.
      request.once('resume', () => {
        if (!response.headersSent) response.writeContinue();
      });
      bounded(request, response);
    })
    .on('checkExpectation', refuseExpectation)
    .on('connect', (_request, socket) => {
      answerLast(socket as Socket, UNKNOWN_METHOD, context);
    })
    .on('clientError', (error, socket) => {
      answerFault(error, socket as Socket, context);
    });
}
