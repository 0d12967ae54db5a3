import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { TestTelemetry } from '../../../test/support/telemetry.js';
import { observedCall } from './observed-call.js';

const CALL = { method: 'GET', path: '/v1/charges/ch_1?limit=3', host: 'api.stripe.com' };

let telemetry: TestTelemetry;
beforeEach(() => {
  telemetry = new TestTelemetry();
});
afterEach(() => telemetry.stop());

describe('a call of Stripe', () => {
  it('is traced by nobody else, who would tell its address', async () => {
    const suppressed = await observedCall(CALL, () => Promise.resolve(isTracingSuppressed(context.active())));
    expect(suppressed).toBe(true);
  });

  it.each<[string, number | undefined, Error | undefined]>([
    ['ok', 200, undefined],
    ['refused', 404, undefined],
    ['limited', 429, undefined],
    ['failed', 503, undefined],
    ['failed', 200, new Error('no JSON')],
    ['unreachable', undefined, new TypeError('fetch failed')],
    ['timeout', undefined, new DOMException('aborted', 'AbortError')],
    ['timeout', undefined, Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })],
  ])('is %s with status %p and %p', async (outcome, status, error) => {
    const done = observedCall(CALL, (call) => {
      if (status !== undefined) call.status = status;
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    });
    await (error === undefined ? done : expect(done).rejects.toBe(error));
    const [series] = await telemetry.series('stripe_config.stripe.call.duration');
    expect(series?.attributes).toEqual({
      'http.request.method': 'GET',
      'url.template': '/v1/charges/{id}',
      'stripe_config.stripe.outcome': outcome,
    });
    expect(telemetry.spans()).toMatchObject([{ name: 'GET /v1/charges/{id}' }]);
  });
});
