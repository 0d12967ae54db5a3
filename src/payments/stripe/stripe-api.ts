import { Inject, Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import type { Secret } from '../crypto/secret.js';
import { withinDeadline } from '../common/deadline.js';
import { PaymentsError } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { TimeLimits } from '../options/time-limits.js';
import { boundedFetch } from './bounded-fetch.js';
import { FairPlaces } from './fair-places.js';
import { ExplainedError } from '../domain/explained-error.js';
import { explainConnection } from '../common/connection-fault.js';

/** A refusal of Stripe. Holds none of Stripe's own words except names that are in our lists. */
export class StripeRefusal extends ExplainedError {
  override name = 'StripeRefusal';

  /**
   * @param kind `key`: the key is not valid; `permission`: the restricted key lacks one; `missing`: there is no
   *   such object; `limit`: no more endpoints; `idempotency`: the key belongs to another request; `request`: anything
   *   else
   * @param permission its name (`rak_…`), when Stripe named one that we know
   */
  constructor(
    readonly kind: 'key' | 'permission' | 'missing' | 'limit' | 'idempotency' | 'request',
    readonly permission?: PermissionName,
  ) {
    super(`Stripe refused what was asked of it: ${kind}`);
  }
}

/** Permissions of restricted keys that our calls may lack, and how the Dashboard shows them. */
export const PERMISSIONS = {
  rak_balance_read: 'Balance (read)',
  rak_accounts_kyc_basic_read: 'Accounts (read)',
  rak_account_read: 'Accounts (read)',
  rak_webhook_read: 'Webhook Endpoints (read)',
  rak_webhook_write: 'Webhook Endpoints (write)',
} as const;

export type PermissionName = keyof typeof PERMISSIONS;

/** For the log: how a call failed, in words of our own. */
class StripeTrouble extends Error {
  override name = 'StripeTrouble';

  constructor(
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

/** Options of a call to Stripe. */
export interface AskOptions {
  /** Who asks: the caller's subject, or the project where nobody calls. */
  asker: string;
  /** Counts the call once this process has room for it, so that a refusal there does not use up the limit of a project. */
  count?: (() => Promise<void>) | undefined;
}

/** Calls Stripe, through its SDK, with one key at a time. */
@Injectable()
export class StripeApi {
  private readonly places: FairPlaces;

  constructor(
    @Inject(RESOLVED_OPTIONS)
    private readonly options: {
      stripeApiBase: string;
      limits: Pick<ResolvedOptions['limits'], 'stripeCallsAtOnce'>;
    },
    private readonly timeLimits: TimeLimits,
  ) {
    this.places = new FairPlaces(options.limits.stripeCallsAtOnce);
  }

  /**
   * Lends a client that uses the key. It must not be stored: `util.inspect` of a client prints the key.
   *
   * @throws StripeRefusal when Stripe refuses
   * @throws PaymentsError `stripe_timeout` when the calls did not end in time, `stripe_unavailable` when Stripe could
   *   not be reached, limited the rate, failed, or gave an unusable answer
   * @throws RateLimited when too many calls run already, or too many of this asker
   */
  async ask<T>(key: Secret, work: (stripe: Stripe) => Promise<T>, { asker, count }: AskOptions): Promise<T> {
    return this.places.within(asker, async () => {
      await count?.();
      return this.askWithin(key, work);
    });
  }

  private async askWithin<T>(key: Secret, work: (stripe: Stripe) => Promise<T>): Promise<T> {
    const done = new AbortController();
    const call = (signal: AbortSignal) => work(this.client(key, AbortSignal.any([signal, done.signal])));
    try {
      return await withinDeadline(this.timeLimits.stripe, call, timedOut);
    } catch (error) {
      throw translate(error);
    } finally {
      // Ends calls that were left behind when another of the same work failed.
      done.abort();
    }
  }

  private client(key: Secret, signal: AbortSignal): Stripe {
    const { protocol, hostname, port } = new URL(this.options.stripeApiBase);
    return new Stripe(key.reveal(), {
      protocol: protocol === 'http:' ? 'http' : 'https',
      host: hostname,
      port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
      httpClient: Stripe.createFetchHttpClient(boundedFetch(signal)),
      maxNetworkRetries: 0,
      telemetry: false,
    });
  }
}

/** The version of Stripe's API that the SDK speaks. */
export const STRIPE_API_VERSION = Stripe.API_VERSION;

/**
 * For `.catch()` of a call: returns Stripe's refusal.
 *
 * @throws whatever else went wrong, as {@link StripeApi.ask} does
 */
export function refusalOf(error: unknown): StripeRefusal {
  const translated = translate(error);
  if (translated instanceof StripeRefusal) return translated;
  throw translated;
}

function translate(error: unknown): Error {
  if (error instanceof PaymentsError || error instanceof StripeRefusal) return error;
  const { errors } = Stripe;
  if (error instanceof errors.StripeAuthenticationError) return new StripeRefusal('key');
  if (error instanceof errors.StripePermissionError) {
    return new StripeRefusal('permission', namedPermission(error.message));
  }
  if (error instanceof errors.StripeIdempotencyError) return new StripeRefusal('idempotency');
  if (error instanceof errors.StripeRateLimitError) return unavailable('limited');
  if (error instanceof errors.StripeInvalidRequestError) {
    if (error.code === 'resource_missing') return new StripeRefusal('missing');
    return new StripeRefusal(
      /\bmaximum\b.*\bwebhook endpoints\b/is.test(error.message) ? 'limit' : 'request',
    );
  }
  if (error instanceof errors.StripeConnectionError) {
    return unavailable('connection', explainConnection(error.detail));
  }
  return unavailable('answer');
}

function namedPermission(message: string): PermissionName | undefined {
  return (Object.keys(PERMISSIONS) as PermissionName[]).find((name) =>
    new RegExp(`\\b${name}\\b`).test(message),
  );
}

/** Nothing is known about the key; the reason is only logged. */
export function unavailable(reason: string, cause?: unknown): PaymentsError {
  return new PaymentsError(
    'stripe_unavailable',
    'Stripe could not be asked, or gave no usable answer; nothing is known about the key. Try again shortly.',
    { cause: new StripeTrouble(reason, { cause }) },
  );
}

function timedOut(): PaymentsError {
  return new PaymentsError(
    'stripe_timeout',
    'Stripe did not answer in time; nothing is known about the key. Try again shortly.',
    { cause: new StripeTrouble('deadline') },
  );
}
