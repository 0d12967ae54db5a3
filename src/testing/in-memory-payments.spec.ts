import { randomUUID } from 'node:crypto';
import { fakeCredential } from './fake-credential.js';
import { FakeStripe } from './fake-stripe.js';
import { InMemoryPayments } from './in-memory-payments.js';

const PROJECT = randomUUID();
const BY = { actor: 'alice', requestId: randomUUID() };

describe('payments in memory', () => {
  let payments: InMemoryPayments;

  beforeEach(() => {
    payments = new InMemoryPayments();
  });

  const store = (request: Parameters<InMemoryPayments['configs']['update']>[1]) =>
    payments.configs.update(PROJECT, request, BY);

  describe('the configurations', () => {
    it('show masks, and count what was changed', async () => {
      expect(await payments.configs.find(PROJECT)).toBeNull();
      const key = fakeCredential('test_secret_key');
      const view = await store({ test_secret_key: key });
      expect(view).toMatchObject({
        project_id: PROJECT,
        is_active: true,
        version: 1,
        test_secret_key_masked: `sk_test_...${key.slice(-4)}`,
        live_secret_key_masked: null,
        live_configured_at: null,
      });
      expect(view.test_configured_at).toEqual(expect.any(Date));
      // The same again is no change, and a mask sent back keeps what is stored.
      expect(await store({ test_secret_key: key })).toMatchObject({ version: 1 });
      expect(await store({ test_secret_key: view.test_secret_key_masked })).toMatchObject({ version: 1 });
      expect(await store({ live_secret_key: fakeCredential('live_secret_key') })).toMatchObject({
        version: 2,
      });
      expect(await payments.configs.findMany([PROJECT, randomUUID()])).toMatchObject([{ version: 2 }]);
      expect((await payments.configs.open(PROJECT, 'test_secret_key'))?.reveal()).toBe(key);
      expect(JSON.stringify(view)).not.toContain(key);
    });

    it.each([
      ['a key of the other mode', { test_secret_key: fakeCredential('live_secret_key') }, 'wrong_mode'],
      ['a mask that is not stored', { test_secret_key: 'sk_test_...abcd' }, 'masked_value'],
      [
        'one webhook secret for both modes',
        {
          test_webhook_secret: fakeCredential('test_webhook_secret'),
          live_webhook_secret: fakeCredential('test_webhook_secret'),
        },
        'same_secret_in_both_modes',
      ],
    ])('refuse %s', async (_what, request, type) => {
      await expect(store(request)).rejects.toMatchObject({ items: [{ type }] });
    });

    it('refuse a webhook secret that is stored for the other mode', async () => {
      const secret = fakeCredential('test_webhook_secret');
      await store({ test_webhook_secret: secret });
      await expect(store({ live_webhook_secret: secret })).rejects.toMatchObject({
        items: [{ loc: ['body', 'live_webhook_secret'], type: 'same_secret_in_both_modes' }],
      });
    });

    it('refuse what a database would refuse', async () => {
      await expect(payments.configs.find('shop 1')).rejects.toMatchObject({
        items: [{ type: 'invalid_uuid' }],
      });
      await expect(payments.configs.deactivate(PROJECT, BY)).rejects.toMatchObject({
        code: 'config_not_found',
      });
      await store({});
      const conditions = { ifMatch: [7], ifNoneMatch: null };
      await expect(payments.configs.update(PROJECT, {}, BY, conditions)).rejects.toMatchObject({
        code: 'version_conflict',
      });
    });

    it('tell what was changed', async () => {
      const told: unknown[] = [];
      payments.configs.emitThrough({ emit: (name, event) => told.push([name, event.version]) });
      await store({ test_webhook_secret: fakeCredential('test_webhook_secret', 'old') });
      await store({ test_webhook_secret: fakeCredential('test_webhook_secret', 'new') });
      await payments.configs.erasePreviousWebhookSecret(PROJECT, 'test', BY);
      await payments.configs.erasePreviousWebhookSecret(PROJECT, 'test', BY);
      await payments.configs.deactivate(PROJECT, BY);
      await payments.configs.deactivate(PROJECT, BY);
      expect(told).toEqual([
        ['stripe-config.updated', 1],
        ['stripe-config.updated', 2],
        ['stripe-config.previous-webhook-secret-erased', 3],
        ['stripe-config.deactivated', 4],
      ]);
    });
  });

  describe('the clients', () => {
    it('are those that the test gives', async () => {
      const { client } = new FakeStripe();
      payments.clients.use(PROJECT, 'live', client);
      expect(await payments.clients.forProject(PROJECT.toUpperCase(), 'live')).toBe(client);
      expect(await payments.clients.publishableKey(PROJECT, 'live')).toMatch(/^pk_live_FAKE/);
      await expect(payments.clients.forProject(PROJECT, 'test')).rejects.toMatchObject({
        reason: 'not_configured',
      });
    });

    it('may be as much of one as is used', async () => {
      const create = () => Promise.resolve({ id: 'pi_1' } as never);
      payments.clients.use(PROJECT, 'test', { paymentIntents: { create } }, 'pk_of_the_test');
      const client = await payments.clients.forProject(PROJECT, 'test');
      expect(await client.paymentIntents.create({ amount: 1, currency: 'eur' })).toEqual({ id: 'pi_1' });
      expect(await payments.clients.publishableKey(PROJECT, 'test')).toBe('pk_of_the_test');
    });

    it('are there for what is stored, and answer nothing', async () => {
      const publishable = fakeCredential('test_publishable_key');
      await store({ test_secret_key: fakeCredential('test_secret_key'), test_publishable_key: publishable });
      const client = await payments.clients.forProject(PROJECT, 'test');
      await expect(client.balance.retrieve()).rejects.toThrow('no answer to GET /v1/balance');
      expect(await payments.clients.publishableKey(PROJECT, 'test')).toBe(publishable);
    });
  });

  it('are gone with a removed project', async () => {
    payments.clients.use(PROJECT, 'test', {});
    await store({ test_secret_key: fakeCredential('test_secret_key') });
    expect(await payments.removal.remove(PROJECT, BY)).toEqual({ endpointsLeft: [] });
    expect(await payments.removal.remove(PROJECT, BY)).toEqual({ endpointsLeft: [] });
    expect(await payments.configs.open(PROJECT, 'test_secret_key')).toBeNull();
    await expect(payments.clients.forProject(PROJECT, 'test')).rejects.toMatchObject({
      reason: 'deactivated',
    });
    await expect(store({})).rejects.toMatchObject({ code: 'project_not_found' });
  });
});
