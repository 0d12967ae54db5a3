import { SpanKind } from '@opentelemetry/api';
import { PaymentsError } from '../domain/errors.js';
import { count } from '../telemetry/meter.js';
import { contextOfRequest, inSpan } from '../telemetry/tracing.js';
import type { Accepted } from './webhook.service.js';

/**
 * Counts a webhook by what becomes of it, in a span that the handling of its event goes on from. Codes of errors are a fixed list.
 *
 * @param headers of the request, for its trace
 */
export function observedWebhook(headers: object, receive: () => Promise<Accepted>): Promise<void> {
  return inSpan(
    'receive webhook',
    { kind: SpanKind.PRODUCER },
    async (span) => {
      let outcome = 'error';
      try {
        outcome = await receive();
      } catch (error) {
        if (error instanceof PaymentsError) outcome = error.code;
        throw error;
      } finally {
        count('stripe_config.webhooks.received', { 'stripe_config.webhook.outcome': outcome });
        span.setAttribute('stripe_config.webhook.outcome', outcome);
      }
    },
    contextOfRequest(headers),
  );
}
