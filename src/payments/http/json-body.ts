import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { parse } from 'secure-json-parse';
import { PaymentsError } from '../payments.errors.js';
import { countOf } from './bearer-token.js';
import { rawRequestOf, requestOf } from './http-request.js';

/** Largest body that is read, in bytes. */
export const MAX_BODY_BYTES = 16 * 1024;

/**
 * The JSON object of the request's body. It is read here, behind the guards, so that nothing about a body is judged
 * for a caller who may not send one.
 *
 * @throws PaymentsError `unsupported_media_type`, `body_too_large` or `malformed_body`
 */
export const JsonBody = createParamDecorator((_: unknown, context: ExecutionContext) =>
  readJsonObject(rawRequestOf(requestOf(context))),
);

async function readJsonObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  requireJson(request);
  const body = parseJson(await readCapped(request));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw malformedBody();
  return body as Record<string, unknown>;
}

function requireJson({ headers, rawHeaders }: IncomingMessage): void {
  const [mediaType, ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const charsets = parameters.filter((parameter) => parameter.startsWith('charset='));
  const isJson =
    mediaType === 'application/json' &&
    charsets.every((charset) => /^charset=("?)utf-?8\1$/.test(charset)) &&
    countOf('content-type', rawHeaders) === 1;
  if (!isJson || (headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new PaymentsError(
      'unsupported_media_type',
      'Send the body as application/json in UTF-8, not compressed.',
    );
  }
}

async function readCapped(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw bodyTooLarge(request);
  return new Promise((resolve, reject) => {
    request
      .on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MAX_BODY_BYTES) {
          chunks.push(chunk);
        } else {
          request.removeAllListeners('data');
          reject(bodyTooLarge(request));
        }
      })
      .once('end', () => {
        resolve(Buffer.concat(chunks));
      })
      // The client went away in the middle, so nobody reads the answer.
      .once('error', () => {
        reject(malformedBody());
      });
  });
}

/** The rest is read and thrown away, so that the client gets the answer instead of a broken connection. */
function bodyTooLarge(request: IncomingMessage): PaymentsError {
  request.resume();
  return new PaymentsError('body_too_large', `The body is larger than ${MAX_BODY_BYTES / 1024} KiB.`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    const text = UTF8.decode(bytes);
    return parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    // The parser's message repeats the body.
    throw malformedBody();
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function malformedBody(): PaymentsError {
  return new PaymentsError('malformed_body', 'The body must be one JSON object in UTF-8.');
}
