import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { parse } from 'secure-json-parse';
import { PaymentsError } from '../../domain/errors.js';
import { checkAgain, countOf, rawRequestOf, requestOf, type HttpRequest } from '../http-request.js';
import { headersOf } from './host-body.js';
import { readBody } from './raw-body.js';

/** Largest body that is read, in bytes. */
export const MAX_BODY_BYTES = 16 * 1024;

/**
 * The JSON object of the request's body. It is read here, behind the guards, so that nothing about a body is validated
 * for a caller who may not send one.
 *
 * @throws PaymentsError `unsupported_media_type`, `body_too_large` or `malformed_body`
 */
export const JsonBody = createParamDecorator((_: unknown, context: ExecutionContext) =>
  readJsonObject(requestOf(context)),
);

/** As {@link JsonBody}, but no body at all is an empty object. */
export const OptionalJsonBody = createParamDecorator((_: unknown, context: ExecutionContext) =>
  readOptionalJson(requestOf(context)),
);

/** The JSON object of a body; an empty one where there is none. */
export async function readOptionalJson(request: HttpRequest): Promise<Record<string, unknown>> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headersOf(rawRequestOf(request));
  return length === '0' && encoding === undefined ? {} : readJsonObject(request);
}

async function readJsonObject(request: HttpRequest): Promise<Record<string, unknown>> {
  const raw = rawRequestOf(request);
  requireJson(raw);
  const body = parseJson(await readAllowed(request, raw));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw malformedBody();
  return body as Record<string, unknown>;
}

/**
 * Reads a body. Of one that came later than the guards let its request pass, they are asked again, before anything is said about it:
 * who holds a body back must not keep a role or a token that was taken meanwhile. Most bodies come with their headers.
 */
async function readAllowed(request: HttpRequest, raw: IncomingMessage): Promise<Buffer> {
  const isComplete = raw.complete;
  try {
    return await readBody(raw, MAX_BODY_BYTES);
  } finally {
    if (!isComplete) await checkAgain(request);
  }
}

function requireJson(request: IncomingMessage): void {
  const { rawHeaders } = request;
  const headers = headersOf(request);
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

function parseJson(bytes: Buffer): unknown {
  let text: string;
  let body: unknown;
  try {
    text = UTF8.decode(bytes);
    body = parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    // The parser's message repeats the body.
    throw malformedBody();
  }
  if (hasDuplicateKeys(text)) {
    throw new PaymentsError('malformed_body', 'The body has a key twice in one object; send each key once.');
  }
  return body;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function malformedBody(): PaymentsError {
  return new PaymentsError('malformed_body', 'The body must be one JSON object in UTF-8.');
}

/** The parts of JSON that matter here; what stands in a text is passed over as one part. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/gs;

/**
 * Whether an object of a JSON text has a key twice, however either is spelled. Of such objects parsers take the last, the first
 * or all (RFC 8259 section 4), so that no two readers need agree on what was sent.
 *
 * @param json well-formed
 */
function hasDuplicateKeys(json: string): boolean {
  /** The keys of the objects around, innermost last; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    } else text = token;
  }
  return false;
}
