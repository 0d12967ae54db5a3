import type { LocalStripe, StripeRequest } from './local-stripe.js';

/** Where webhook endpoints are in Stripe's API. */
const STRIPE_ENDPOINTS = '/v1/webhook_endpoints';

export const isCreation = ({ method, path }: StripeRequest): boolean =>
  method === 'POST' && path === STRIPE_ENDPOINTS;

export const isList = ({ method, path }: StripeRequest): boolean =>
  method === 'GET' && path === STRIPE_ENDPOINTS;

/**
 * Does something once, when the local Stripe has done the first request that fits and not yet answered it.
 *
 * @returns the request, once that is done; rejects as the work does
 */
export function onceHandled(
  stripe: LocalStripe,
  fits: (request: StripeRequest) => boolean,
  work: () => unknown,
): Promise<StripeRequest> {
  return new Promise((resolve, reject) => {
    stripe.afterHandling = async (request) => {
      if (!fits(request)) return;
      stripe.afterHandling = undefined;
      try {
        await work();
        resolve(request);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
  });
}
