import { PaymentsError } from '../domain/errors.js';
import { PERMISSIONS, StripeRefusal } from '../stripe/stripe-api.js';
import type { Mode } from '../domain/credentials.js';

/** There is no key for calls to Stripe. */
export function credentialsMissing(mode: Mode): PaymentsError {
  return new PaymentsError(
    'credentials_missing',
    `This project has no ${mode} secret key; store one with a PUT of its configuration first.`,
  );
}

/** The account has as many endpoints as Stripe allows. */
export function endpointLimit(): PaymentsError {
  return new PaymentsError(
    'webhook_endpoint_limit',
    'The Stripe account has as many webhook endpoints as Stripe allows; remove one in the Stripe Dashboard.',
  );
}

/** For `.catch()` of a removal: an endpoint that is already gone is no error. */
export function unlessMissing(error: unknown): void {
  if (!(error instanceof StripeRefusal) || error.kind !== 'missing') throw error;
}

/** Translates refusals of Stripe into errors of our own. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StripeRefusal ? explain(error) : error;
  }
}

function explain({ kind, permission }: StripeRefusal): PaymentsError {
  switch (kind) {
    case 'limit':
      return endpointLimit();
    case 'key':
      return new PaymentsError(
        'stripe_refused',
        'Stripe does not accept the stored secret key; store a current one with a PUT of the configuration.',
      );
    case 'permission':
      return new PaymentsError(
        'stripe_refused',
        `The stored restricted key lacks the permission ${PERMISSIONS[permission ?? 'rak_webhook_write']}; add it in the Stripe Dashboard.`,
      );
    default:
      return new PaymentsError(
        'stripe_refused',
        'Stripe refused the webhook endpoint; check that PUBLIC_BASE_URL is an https address that Stripe can reach, and that the event types exist.',
      );
  }
}
