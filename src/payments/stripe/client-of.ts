import { PassThrough, pipeline, type Readable } from 'node:stream';
import { inspect } from 'node:util';
import Stripe, { type Stripe as OfficialClient } from 'stripe';
import type { Secret } from '../crypto/secret.js';
import { observedCall } from './observed-call.js';
import { proxyAgentFor } from '../common/outbound-proxy.js';

/**
 * A client of Stripe's official SDK, of the version that this module brings. Its type is imported by name, since a default import
 * is an error, and the type anything at all, in projects that are compiled without `esModuleInterop`.
 */
export type StripeClient = OfficialClient;

/** Secret and restricted keys, whole or masked as Stripe does it. */
const KEYS = /\b(?:sk|rk|rkcs)_(?:test|live)_[\w*]+/g;

/**
 * A client that uses a key and does not show it, whatever part of it is printed: the SDK would store the key where
 * `util.inspect` finds it, so it is set on each request instead, and no result or error refers to its request.
 *
 * @param name what the client is shown as
 */
export function clientOf(key: Secret, apiBase: string, name: string): StripeClient {
  const { protocol, hostname, port } = new URL(apiBase);
  const client = new Stripe('', {
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
    appInfo: { name: 'nest-stripe-config' },
    httpClient: new DiscreetHttpClient(apiBase),
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

type MakeRequest = Stripe.HttpClient['makeRequest'];
type StripeResponse = Awaited<ReturnType<MakeRequest>>;

/** The SDK's own HTTP client, except for its answers. */
class DiscreetHttpClient extends Stripe.HttpClient {
  readonly #client: Stripe.HttpClient;

  constructor(apiBase: string) {
    super();
    this.#client = Stripe.createNodeHttpClient(proxyAgentFor(apiBase));
  }

  override getClientName(): string {
    return this.#client.getClientName();
  }

  override async makeRequest(...request: Parameters<MakeRequest>): Promise<StripeResponse> {
    const [host, , path, method] = request;
    return observedCall({ method, path, host }, async (call) => {
      const response = await this.#client.makeRequest(...request);
      call.status = response.getStatusCode();
      return new DiscreetResponse(response);
    });
  }
}

/** An answer without a reference to its request, and without keys in Stripe's error messages. */
class DiscreetResponse extends Stripe.HttpClientResponse {
  readonly #response: StripeResponse;

  constructor(response: StripeResponse) {
    super(response.getStatusCode(), response.getHeaders());
    this.#response = response;
  }

  /** What becomes `lastResponse` of a result. */
  override getRawResponse(): unknown {
    return { statusCode: this.getStatusCode(), headers: this.getHeaders() };
  }

  override toStream(streamCompleteCallback: () => void): unknown {
    const stream = this.#response.toStream(streamCompleteCallback) as Readable;
    return pipeline(stream, new PassThrough(), () => {
      // The reader gets the error from the stream.
    });
  }

  override async toJSON(): Promise<unknown> {
    let answer: { error?: unknown };
    try {
      answer = (await this.#response.toJSON()) as typeof answer;
    } catch (error) {
      // The parser's error would contain the whole body.
      throw error instanceof SyntaxError ? new SyntaxError('no JSON') : error;
    }
    return answer.error === undefined
      ? answer
      : (JSON.parse(JSON.stringify(answer).replace(KEYS, '[secret]')) as unknown);
  }
}
