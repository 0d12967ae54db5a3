import { inspect } from 'node:util';
import Stripe from 'stripe';
import type { Secret } from '../crypto/secret.js';

/**
 * A client that uses a key and does not show it: the SDK would keep it where `util.inspect` finds it, so it is put on each
 * request instead.
 *
 * @param name what the client is shown as
 */
export function clientOf(key: Secret, apiBase: string, name: string): Stripe {
  const { protocol, hostname, port } = new URL(apiBase);
  const client = new Stripe('', {
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
    authenticator: (request) => {
      request.headers.Authorization = `Bearer ${key.reveal()}`;
      return Promise.resolve();
    },
  });
  for (const shown of ['toJSON', inspect.custom]) {
    Object.defineProperty(client, shown, { value: () => name, enumerable: false });
  }
  return client;
}
