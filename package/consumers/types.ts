import * as module from 'nest-stripe-config';
import type { StripeClient, StripeEventContext, StripeEventOf } from 'nest-stripe-config';
import type { FakeStripe, stripeEvent } from 'nest-stripe-config/testing';

/** Whether a type could not be found, and so became anything at all. */
type IsAny<T> = 0 extends 1 & T ? true : false;

export const client: IsAny<StripeClient> = false;
export const balance: IsAny<ReturnType<StripeClient['balance']['retrieve']>> = false;
export const invoice: IsAny<StripeEventOf<'invoice.paid'>['data']['object']> = false;
export const context: IsAny<StripeEventContext['mode']> = false;
export const fake: IsAny<FakeStripe['client']> = false;
export const made: IsAny<ReturnType<typeof stripeEvent<'invoice.paid'>>['data']['object']> = false;
export const options: IsAny<Parameters<typeof module.PaymentsModule.forRoot>[0]> = false;

// @ts-expect-error: nor is an error of a type silent
export const noClient: StripeClient = 5;
// @ts-expect-error: it is no number
export const noEvent: StripeEventOf<'invoice.paid'> = 5;
// @ts-expect-error: it is no number
export const noOptions: Parameters<typeof module.PaymentsModule.forRoot>[0] = { keyRing: 5 };
