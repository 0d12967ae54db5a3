import Stripe from 'stripe';
import type { StripeClient } from '../payments/stripe/client-of.js';
import { fakeCredential } from './fake-credential.js';

/** A request that a {@link FakeStripe} was asked, as Stripe would receive it. */
export interface FakeStripeRequest {
  method: string;
  /** `/v1/payment_intents/pi_1`, without the query. */
  path: string;
  /** The fields of the query or of the form, nested ones by names such as `metadata[order]`; of a v2 request its JSON. */
  params: Readonly<Record<string, unknown>>;
  headers: Readonly<Record<string, string>>;
}

/** What Stripe answers: an object, a {@link stripeRefusal}, or a function that makes either of the request. */
export type FakeStripeAnswer = object | ((request: FakeStripeRequest) => object);

/** An answer that is an error. */
class Refusal {
  constructor(
    readonly status: number,
    readonly error: Readonly<Record<string, unknown>>,
  ) {}
}

/**
 * An answer that is an error, which the SDK throws as the class of its `type`: `StripeCardError` of `card_error`.
 *
 * @param error the fields of Stripe's error object (docs.stripe.com/api/errors)
 */
export function stripeRefusal(
  status: number,
  error: { type: string; code?: string; message?: string } & Record<string, unknown>,
): object {
  return new Refusal(status, error);
}

/**
 * Stripe in memory: a client of the official SDK whose requests are answered by the test. What the SDK does is real: it builds
 * the request, reads the answer and throws its own errors.
 */
export class FakeStripe {
  /** To be given to the code under test. */
  readonly client: StripeClient;
  /** Everything that was asked, in order. */
  readonly requests: FakeStripeRequest[] = [];

  /** @param answers by method and path, in which `*` stands for one segment: `POST /v1/payment_intents/*` */
  constructor(private readonly answers: Readonly<Record<string, FakeStripeAnswer>> = {}) {
    this.client = new Stripe(fakeCredential('test_secret_key', 'fake Stripe'), {
      httpClient: Stripe.createFetchHttpClient((url, init) => Promise.resolve(this.answer(url, init))),
      // A test would wait for them.
      maxNetworkRetries: 0,
      telemetry: false,
    });
  }

  private answer(url: unknown, init: RequestInit = {}): Response {
    const request = requestOf(String(url), init);
    this.requests.push(request);
    const answer = this.find(request);
    const body =
      typeof answer === 'function' ? (answer as (asked: FakeStripeRequest) => object)(request) : answer;
    const [status, json] = body instanceof Refusal ? [body.status, { error: body.error }] : [200, body];
    return Response.json(json, { status });
  }

  private find({ method, path }: FakeStripeRequest): FakeStripeAnswer {
    const asked = `${method} ${path}`;
    const [, answer] = Object.entries(this.answers).find(([pattern]) => matches(pattern, asked)) ?? [];
    return (
      answer ??
      stripeRefusal(501, {
        type: 'api_error',
        message: `FakeStripe has no answer to ${asked}; give it one: new FakeStripe({ '${asked}': { … } })`,
      })
    );
  }
}

function matches(pattern: string, asked: string): boolean {
  const [parts, segments] = [pattern.split('/'), asked.split('/')];
  return (
    parts.length === segments.length && parts.every((part, index) => part === '*' || part === segments[index])
  );
}

function requestOf(url: string, { method = 'GET', body, headers }: RequestInit): FakeStripeRequest {
  const { pathname, searchParams } = new URL(url);
  const text = typeof body === 'string' ? body : '';
  const params = text.startsWith('{')
    ? (JSON.parse(text) as Record<string, unknown>)
    : Object.fromEntries([...searchParams, ...new URLSearchParams(text)]);
  return { method, path: pathname, params, headers: Object.fromEntries(new Headers(headers)) };
}
