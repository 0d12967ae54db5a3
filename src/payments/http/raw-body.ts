import type { IncomingMessage } from 'node:http';
import { PaymentsError } from '../payments.errors.js';
import { headersOf } from './host-body.js';

/**
 * Reads a request's body as it came.
 *
 * @param maxBytes largest body that is read
 * @throws PaymentsError `body_too_large`, or `malformed_body` when the client went away in the middle
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(headersOf(request)['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(request, maxBytes);
  return new Promise((resolve, reject) => {
    request
      .on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBytes) {
          chunks.push(chunk);
        } else {
          request.removeAllListeners('data');
          reject(bodyTooLarge(request, maxBytes));
        }
      })
      .once('end', () => {
        resolve(Buffer.concat(chunks));
      })
      // Nobody reads the answer.
      .once('error', () => {
        reject(new PaymentsError('malformed_body', 'The body ended too early.'));
      });
  });
}

/** The rest is read and thrown away, so that the client gets the answer instead of a broken connection. */
function bodyTooLarge(request: IncomingMessage, maxBytes: number): PaymentsError {
  request.resume();
  return new PaymentsError('body_too_large', `The body is larger than ${maxBytes / 1024} KiB.`);
}
