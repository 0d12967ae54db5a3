import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { StripeConfigService } from 'nest-stripe-config';
import {
  FakeStripe,
  InMemoryPayments,
  deliverStripeEvent,
  overridePaymentsModule,
  stripeEvent,
} from 'nest-stripe-config/testing';
import { AppModule } from './app.js';

const PROJECT = '7b0cbb0c-5d0d-4b70-9a5e-2f7a3f1d9c11';

describe('the application', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = testing.createNestApplication();
    await app.listen(0, '127.0.0.1');
  }, 60_000);

  afterAll(() => app.close());

  it('answers on the routes of the module', async () => {
    const path = `/api/v1/payments/stripe/projects/${PROJECT}/config`;
    const { status } = await fetch(`${await app.getUrl()}${path}`);
    expect(status).toBe(401);
  });

  it('has one set of injection tokens', () => {
    expect(app.get(StripeConfigService, { strict: false })).toBeInstanceOf(StripeConfigService);
  });
});

describe('the application with the testing kit', () => {
  const payments = new InMemoryPayments();
  let app: INestApplication;

  const get = async (path: string): Promise<unknown> => (await fetch((await app.getUrl()) + path)).json();

  beforeAll(async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    app = (await overridePaymentsModule(builder, payments).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
  }, 60_000);

  afterAll(() => app.close());

  it('calls the Stripe that the test gives', async () => {
    const stripe = new FakeStripe({ 'GET /v1/balance': { object: 'balance', livemode: false } });
    payments.clients.use(PROJECT, 'test', stripe.client);
    expect(await get(`/host/balance/${PROJECT}`)).toEqual({ livemode: false });
    expect(stripe.requests.map(({ path }) => path)).toEqual(['/v1/balance']);
  });

  it('handles the events that the test gives', async () => {
    const invoice = stripeEvent('invoice.paid', { id: 'in_1', amount_paid: 1200 });
    expect(await deliverStripeEvent(app, invoice, { projectId: PROJECT })).toEqual(['Invoices.onPaid']);
    expect(await get('/host/paid')).toEqual([`${PROJECT} test in_1 1200`]);
  });
});
