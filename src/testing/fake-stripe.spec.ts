import { inspect } from 'node:util';
import { FakeStripe, stripeRefusal } from './fake-stripe.js';

describe('Stripe in memory', () => {
  it('answers what the test gives, and remembers what it was asked', async () => {
    const stripe = new FakeStripe({
      'POST /v1/payment_intents': ({ params }) => ({
        id: 'pi_1',
        object: 'payment_intent',
        amount: Number(params.amount),
      }),
      'GET /v1/customers/*': ({ path }) => ({ id: path.split('/').at(-1), object: 'customer' }),
    });
    const intent = await stripe.client.paymentIntents.create({
      amount: 1200,
      currency: 'eur',
      metadata: { order: '7' },
    });
    expect(intent).toMatchObject({ id: 'pi_1', amount: 1200 });
    expect(await stripe.client.customers.retrieve('cus_1')).toMatchObject({ id: 'cus_1' });
    expect(stripe.requests).toMatchObject([
      { method: 'POST', path: '/v1/payment_intents', params: { amount: '1200', 'metadata[order]': '7' } },
      { method: 'GET', path: '/v1/customers/cus_1', params: {} },
    ]);
  });

  it('refuses as the test says, with the SDK’s own error', async () => {
    const declined = { type: 'card_error', code: 'card_declined', message: 'Declined.' };
    const { client } = new FakeStripe({ 'POST /v1/charges': stripeRefusal(402, declined) });
    await expect(client.charges.create({ amount: 1, currency: 'eur' })).rejects.toMatchObject({
      type: 'StripeCardError',
      code: 'card_declined',
      statusCode: 402,
    });
  });

  it('says which answer is missing', async () => {
    const { client } = new FakeStripe();
    await expect(client.balance.retrieve()).rejects.toThrow(
      "FakeStripe has no answer to GET /v1/balance; give it one: new FakeStripe({ 'GET /v1/balance': { … } })",
    );
  });

  it('has no key that could be one', () => {
    expect(inspect(new FakeStripe().client, { depth: 9 })).not.toMatch(/sk_live_|sk_test_(?!FAKE)/);
  });
});
