import { SpanKind } from '@opentelemetry/api';
import { record, secondsSince } from '../telemetry/meter.js';
import { failed, inSpan, untraced } from '../telemetry/tracing.js';
import { pathTemplate } from './path-template.js';

/** What a call of Stripe tells of itself while it runs. */
export interface Call {
  /** The status of the answer, once there is one. */
  status?: number;
}

/**
 * Runs a call of Stripe in a span, and records how long it took. Neither holds an address, since those hold ids: only its pattern. What
 * others in the process would make of the same request, address included, is held back.
 *
 * @param path with its query
 */
export function observedCall<T>(
  { method, path, host }: { method: string; path: string; host: string },
  work: (call: Call) => Promise<T>,
): Promise<T> {
  const template = pathTemplate(path);
  const attributes = { 'http.request.method': method, 'url.template': template };
  const options = { kind: SpanKind.CLIENT, attributes: { ...attributes, 'server.address': host } };
  return inSpan(`${method} ${template}`, options, async (span) => {
    const startedAt = performance.now();
    const call: Call = {};
    let outcome = 'unreachable';
    try {
      const result = await untraced(() => work(call));
      outcome = outcomeOf(call.status);
      return result;
    } catch (error) {
      outcome = call.status !== undefined ? 'failed' : isTimeout(error) ? 'timeout' : 'unreachable';
      throw error;
    } finally {
      const seconds = secondsSince(startedAt);
      record('stripe_config.stripe.call.duration', seconds, {
        ...attributes,
        'stripe_config.stripe.outcome': outcome,
      });
      if (call.status !== undefined) span.setAttribute('http.response.status_code', call.status);
      span.setAttribute('stripe_config.stripe.outcome', outcome);
      if (outcome !== 'ok') failed(span);
    }
  });
}

function outcomeOf(status = 0): string {
  if (status === 429) return 'limited';
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'ok';
}

/** Ours by the deadline of a question, the SDK's by its own. */
function isTimeout(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'AbortError' || name === 'TimeoutError' || code === 'ETIMEDOUT';
}
