import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { errorAnswer } from '../payments/http/errors/error-answer.js';
import type { AnswerCode } from '../payments/http/errors/answer-code.js';
import { linger } from '../payments/http/body/unread-body.js';
import { pendingAnswer } from './pipelining.js';
import type { RequestIds } from './request-id.js';
import { headersFor } from './response-headers.js';
import { measureRefusal } from './telemetry/request-metrics.js';

/** What the server refuses before the service sees it, in words for the client. */
export interface Refusal {
  code: AnswerCode;
  detail: string;
}

/** What every answer of the server itself uses. */
export interface AnswerContext {
  requestIdOf: RequestIds;
  /** Logs each. */
  logger: Logger;
  /** How many requests are worked on at once. Default: 32. */
  requestsAtOnce?: number | undefined;
  /** Whose pages may call, as browsers write origins: `https://admin.example`. Default: none. */
  origins?: readonly string[] | undefined;
}

/** An error that the server itself detects. */
interface Fault extends Error {
  code?: string;
  /** The chunk that contains it. */
  rawPacket?: Buffer;
  /** Its position in the chunk. */
  bytesParsed?: number;
}

/** By the code of the error; any other is no valid HTTP. */
const FAULTS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'request_timeout',
    detail: 'The request did not arrive in time; send it again.',
  },
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: 'The address and the headers are too large together; send fewer or shorter ones.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    code: 'body_too_large',
    detail: 'The chunk extensions of the body are too large; send none.',
  },
};

const UNPARSABLE: Refusal = { code: 'malformed_request', detail: 'The request is not well-formed HTTP.' };

export const UNKNOWN_METHOD: Refusal = {
  code: 'method_not_implemented',
  detail: 'No address of this service offers that method.',
};

/** A method that the parser does not know, at the start of what may be a request. */
const REQUEST_LINE = /^[A-Za-z-]{1,40} \S+ HTTP\/1\.[01]\r?\n/;
/** Longest request line that is examined, in characters. */
const MAX_LINE = 1_024;

/** Answers in place of the service, in the documented form, and closes the connection. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  context: AnswerContext,
): void {
  const { status, headers, body } = answerOf(refusal, context, request);
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Connections with a fault: everything after it is reported as faulty, too. */
const FAULTY = new WeakSet<Socket>();

/** Answers invalid or incomplete requests, for which there is only a socket. */
export function answerFault(error: Fault, socket: Socket, context: AnswerContext): void {
  if (FAULTY.has(socket)) return;
  FAULTY.add(socket);
  answerLast(socket, refusalOf(error), context);
}

/** Answers on a bare connection, after its pending answers, and closes it. */
export function answerLast(socket: Socket, refusal: Refusal, context: AnswerContext): void {
  const pending = pendingAnswer(socket);
  const isHalf = pending?.req.complete === false;
  if (pending === undefined || (isHalf && !pending.headersSent)) endWith(socket, refusal, context);
  // Its answer has begun, so a second one would be read as a part of it.
  else if (isHalf) socket.destroy();
  else {
    pending.once('close', () => {
      endWith(socket, refusal, context);
    });
  }
}

function endWith(socket: Socket, refusal: Refusal, context: AnswerContext): void {
  if (!socket.writable) return;
  const { status, headers, body } = answerOf(refusal, context);
  const all = { Date: new Date().toUTCString(), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const start = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  socket.write([start, ...lines, '', body].join('\r\n'));
  linger(socket);
}

function refusalOf({ code = '', rawPacket, bytesParsed = 0 }: Fault): Refusal {
  if (code === 'HPE_INVALID_METHOD' && rawPacket !== undefined) {
    const start = rawPacket.lastIndexOf('\n', bytesParsed) + 1;
    if (REQUEST_LINE.test(rawPacket.toString('latin1', start, start + MAX_LINE))) return UNKNOWN_METHOD;
  }
  return FAULTS[code] ?? UNPARSABLE;
}

/** The documented form of a refusal. */
export function documentedAnswer(
  { code, detail }: Refusal,
  { requestIdOf }: Pick<AnswerContext, 'requestIdOf'>,
  request?: IncomingMessage,
) {
  const requestId = requestIdOf(request);
  const { status, headers, body } = errorAnswer(code, detail, requestId, request?.headers.accept);
  const text = JSON.stringify(body);
  const length = { 'Content-Length': String(Buffer.byteLength(text)) };
  return { requestId, status, headers: { ...headersFor(requestId), ...headers, ...length }, body: text };
}

/** Builds the answer, which ends the connection, and logs and measures it like that of any request. */
function answerOf(refusal: Refusal, context: AnswerContext, request?: IncomingMessage) {
  const { requestId, status, headers, body } = documentedAnswer(refusal, context, request);
  context.logger.info({ method: request?.method, status, requestId, code: refusal.code });
  measureRefusal(request?.method, status);
  return { status, headers: { ...headers, Connection: 'close' }, body };
}
