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

const FIX = 'set it to the one in which the proxy sends its request id, such as x-request-id';

/** What is wrong with the name of the header of a trusted proxy's request id; undefined when nothing is. */
export function requestIdHeaderFault(name: string): string | undefined {
  if (!NAME.test(name)) return `must be the name of a header, of letters, digits and hyphens; ${FIX}`;
  if (TAKEN.has(name.toLowerCase()) || TAKEN_FAMILIES.test(name))
    return `names a header that holds something else; ${FIX}`;
  return undefined;
}
