import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { valuesOf } from '../payments/http/http-request.js';
import { UUID } from '../payments/domain/uuid.js';

/** Returns the id of a request, a UUID in lower case; without a request (there are only bytes) a new one. */
export type RequestIds = (request?: Pick<IncomingMessage, 'rawHeaders'>) => string;

const HEX = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;

/**
 * How requests get their ids: the audit trail and the answers need UUIDs.
 *
 * @param header in which a trusted proxy sends one, as a UUID or as 32 hexadecimal digits; absent: none is accepted
 */
export function requestIds(header?: string): RequestIds {
  if (header === undefined) return () => randomUUID();
  const name = header.toLowerCase();
  return (request) => (request && sentId(request.rawHeaders, name)) ?? randomUUID();
}

/** Undefined unless it occurs exactly once: besides the proxy's there may be a client's. */
function sentId(rawHeaders: readonly string[], name: string): string | undefined {
  const [value, ...others] = valuesOf(name, rawHeaders);
  const id = value?.replace(HEX, '$1-$2-$3-$4-$5').toLowerCase();
  return others.length === 0 && id !== undefined && UUID.test(id) ? id : undefined;
}
