import type { IncomingMessage } from 'node:http';
import { PaymentsLogger } from '../../common/payments-logger.js';
import { PaymentsError } from '../../domain/errors.js';
import { headersOf } from './host-body.js';

const logger = new PaymentsLogger('RequestBody');

/**
 * Reads a request's body as it came. What the host has read already is taken from its `rawBody`.
 *
 * @param maxBytes largest body that is read
 * @throws PaymentsError `body_too_large`, or `malformed_body` when the client went away in the middle
 * @throws Error when the host has read the body and has not kept it
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(headersOf(request)['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  if (request.readableDidRead || request.readableEnded) {
    const body = bodyOfHost(request);
    if (body.length > maxBytes) throw bodyTooLarge(maxBytes);
    return body;
  }
  return readStream(request, maxBytes);
}

async function readStream(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  // It would tell of neither an end nor an error any more.
  if (request.destroyed) throw endedTooEarly();
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request
      .on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBytes) {
          chunks.push(chunk);
        } else {
          request.removeAllListeners('data');
          reject(bodyTooLarge(maxBytes));
        }
      })
      .once('end', () => {
        resolve(Buffer.concat(chunks));
      })
      // Nobody reads the answer.
      .once('error', () => {
        reject(endedTooEarly());
      });
  });
}

/** A stream that was read gives nothing more, not even an end. */
function bodyOfHost(request: IncomingMessage): Buffer {
  const { rawBody } = request as { rawBody?: unknown };
  if (Buffer.isBuffer(rawBody)) return rawBody;
  logger.write('request.body_consumed', {
    fix:
      'register body parsers after NestFactory.create(), or let those before it keep the bytes: ' +
      'express.json({ verify: (request, _response, bytes) => { request.rawBody = bytes; } })',
  });
  throw new Error('the body was read before the payments module could read it');
}

function bodyTooLarge(maxBytes: number): PaymentsError {
  return new PaymentsError('body_too_large', `The body is larger than ${maxBytes / 1024} KiB.`);
}

function endedTooEarly(): PaymentsError {
  return new PaymentsError('malformed_body', 'The body ended too early.');
}
