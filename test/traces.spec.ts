import { StripeClients } from '../src/payments/stripe-clients/stripe-clients.js';
import { fakeCredential } from './support/credentials.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  projectPath,
  startTestService,
  webhookPath,
  type TestService,
} from './support/service.js';
import { LocalStripe } from './support/stripe/local-stripe.js';
import { TestTelemetry } from './support/telemetry.js';
import { sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const KEY = fakeCredential('test_secret_key');
const SECRET = fakeCredential('test_webhook_secret');

let telemetry: TestTelemetry;
let stripe: LocalStripe;
let service: TestService;
let project: string;

beforeAll(async () => {
  telemetry = new TestTelemetry();
  stripe = await LocalStripe.start();
  stripe.addAccount({ accountId: 'acct_1', key: KEY });
  service = await startTestService({ stripeApiBase: stripe.url, observed: { metrics: true, traces: true } });
  project = await service.createProject();
  const body = { test_secret_key: KEY, test_webhook_secret: SECRET };
  expect((await service.request('PUT', configPath(project), { body })).status).toBe(200);
});
afterAll(async () => {
  await service.stop();
  await stripe.stop();
  await telemetry.stop();
});

const spanOf = (name: string) =>
  eventually(`the span ${name}`, () => telemetry.spans().find((span) => span.name === name));

describe('a trace', () => {
  it('goes on from the request through the stored event to its handler', async () => {
    const event = snapshotEvent('test');
    const payload = JSON.stringify(event);
    const address = webhookPath(project, 'test');
    const { status } = await sendWebhook(service, address, payload, signatureOf(payload, SECRET), {
      traceparent: `00-${TRACE}-${CALLER}-01`,
      tracestate: 'canary=1',
    });
    expect(status).toBe(200);
    const handled = await spanOf('handle *');
    const request = await spanOf('POST /api/v1/payments/stripe/webhooks/:project_id/:mode');
    const received = await spanOf('receive webhook');
    expect(request).toMatchObject({ traceId: TRACE, parentId: CALLER });
    expect(received).toMatchObject({ traceId: TRACE, parentId: request.spanId });
    expect(handled).toMatchObject({
      traceId: TRACE,
      parentId: received.spanId,
      attributes: { 'stripe_config.event.id': event.id, 'stripe_config.project.id': project },
    });
    expect(telemetry.states()).toEqual([]);
  });

  it('reaches Stripe without an address, and nobody else is told of the call', async () => {
    const answer = await service.request('POST', projectPath(project, 'validate-credentials'), {
      body: { secret_key: KEY },
      headers: { traceparent: `00-${TRACE}-${CALLER}-01` },
    });
    expect(answer.status).toBe(200);
    const asked = await spanOf('GET /v1/balance');
    const request = await spanOf('POST /api/v1/payments/stripe/projects/:project_id/validate-credentials');
    expect(asked).toMatchObject({ traceId: TRACE, parentId: request.spanId });

    const client = await service.app.get(StripeClients).forProject(project, 'test');
    await expect(client.customers.retrieve('cus_of_somebody')).rejects.toThrow();
    const called = await spanOf('GET /v1/customers/{id}');
    expect(called.attributes).toMatchObject({ 'url.template': '/v1/customers/{id}' });
    expect(await telemetry.text()).not.toContain('cus_of_somebody');
    expect(await telemetry.series('stripe_config.clients.lookups')).toEqual([
      expect.objectContaining({ value: 1, attributes: { 'stripe_config.cache.result': 'miss' } }),
    ]);
  });

  it.each([{}, { traceparent: 'x'.repeat(300) }, { traceparent: `00-${'0'.repeat(32)}-${CALLER}-01` }])(
    'begins here for a request with the headers %p',
    async (headers) => {
      const before = telemetry.spans().length;
      await service.request('GET', configPath(project), { headers });
      await eventually('its span', () => telemetry.spans().length > before);
      expect(telemetry.spans().at(-1)).toMatchObject({
        name: 'GET /api/v1/payments/stripe/projects/:project_id/config',
        parentId: undefined,
      });
    },
  );
});

it('an address that nobody can decode is measured, though no hook of Fastify is called', async () => {
  expect((await service.request('GET', '/%ZZ')).status).toBe(400);
  expect(await telemetry.series('http.server.request.duration')).toContainEqual(
    expect.objectContaining({
      attributes: { 'http.request.method': 'GET', 'http.response.status_code': 400, 'url.scheme': 'http' },
    }),
  );
});
