import type { Settings } from './settings.js';

/** A header's name; characters that HTTP allows beyond these are lost at some proxies. */
const NAME = /^[a-z][a-z0-9-]{0,63}$/i;

/** Headers that say something else, or hold a secret. */
const TAKEN = new Set([
  'authorization',
  'connection',
  'cookie',
  'host',
  'proxy-authorization',
  'set-cookie',
  'stripe-signature',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);
/** The beginnings of families of such headers. */
const TAKEN_FAMILIES = /^(?:accept|access-control|content|if|sec)(?:-|$)/i;

const FIX = 'in which the proxy sends its request id, such as x-request-id';

/** The header of a trusted proxy's request id, in lower case; undefined when none is taken over. */
export function readRequestIdHeader(settings: Settings): string | undefined {
  const name = settings.text('REQUEST_ID_HEADER')?.toLowerCase();
  if (name === undefined) return undefined;
  if (!NAME.test(name)) {
    settings.fault(
      'REQUEST_ID_HEADER',
      `must be the name of a header, of letters, digits and hyphens; set it to the one ${FIX}`,
    );
  } else if (TAKEN.has(name) || TAKEN_FAMILIES.test(name)) {
    settings.fault('REQUEST_ID_HEADER', `names a header that holds something else; set it to the one ${FIX}`);
  }
  return name;
}
