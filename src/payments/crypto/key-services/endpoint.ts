import { unwantedPart } from '../../common/http-address.js';
import { KeyRingError } from '../key-ring.js';

/**
 * Validates the address of a key service: https, or plain http to this very machine where that is allowed.
 *
 * @throws KeyRingError when a root key would travel in the clear, or the address is invalid
 */
export function validateEndpoint(address: string, { allowLoopbackHttp = false }: EndpointRules): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const encrypted = url?.protocol === 'https:';
  const local = allowLoopbackHttp && url?.protocol === 'http:' && isLoopback(url.hostname);
  const plain = unwantedPart(address) === undefined;
  if (url === undefined || !(encrypted || local) || !plain) {
    throw new KeyRingError(
      'the address of a key service must be an https address without a password, "?", "#", blank or backslash; plain http is taken only outside production and to this machine',
    );
  }
  return url;
}

/** Which addresses are accepted. */
export interface EndpointRules {
  allowLoopbackHttp?: boolean | undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
