import { EVENT_TYPES, OBJECTS, THIN_EVENT_TYPES } from './stripe-objects.js';
import { stripeEvent } from './stripe-event.js';
import { stripeThinEvent } from './stripe-thin-event.js';
import { readEvent } from '../payments/stripe-webhooks/received-event.js';
import type { StripeEventType, StripeThinEventType } from '../payments/stripe/stripe-event-types.js';

const snapshots = Object.entries(EVENT_TYPES).flatMap(([kind, types]) =>
  types.map((type): [StripeEventType, string] => [type as StripeEventType, kind]),
);
const thin = Object.values(THIN_EVENT_TYPES).flat() as StripeThinEventType[];

describe('an event with a snapshot', () => {
  it('is made of each type, as a receiver reads it, with an object of its kind', () => {
    expect(snapshots.length).toBeGreaterThan(250);
    for (const [type, kind] of snapshots) {
      const event = stripeEvent(type);
      expect(readEvent(JSON.stringify(event), 'test')).toMatchObject({ id: event.id, type });
      const { object } = event.data as { object: object };
      expect(object).toMatchObject({ object: kind });
      expect([type, Object.keys(object)]).toEqual([
        type,
        expect.arrayContaining(Object.keys(OBJECTS[kind] ?? {})),
      ]);
    }
  });

  it('has the fields that are given in place of the defaults', () => {
    const { data, livemode } = stripeEvent('invoice.paid', { customer: 'cus_1', amount_paid: 4200 });
    expect(data.object).toMatchObject({
      customer: 'cus_1',
      amount_paid: 4200,
      status: 'paid',
      livemode: false,
    });
    expect(data.object.id).toMatch(/^in_[0-9a-f]{24}$/);
    expect(data.object.lines.data).toEqual([]);
    expect(livemode).toBe(false);
  });

  it('is of the mode, the account and the change that are given', () => {
    const event = stripeEvent(
      'customer.updated',
      { email: 'new@shop.example' },
      { livemode: true, account: 'acct_1', previous_attributes: { email: null } },
    );
    expect(event).toMatchObject({
      livemode: true,
      account: 'acct_1',
      data: { object: { livemode: true, email: 'new@shop.example' }, previous_attributes: { email: null } },
    });
  });

  it('has the object of the kind that is named, where the type has several', () => {
    const { data } = stripeEvent('customer.source.created', { object: 'card', last4: '4242' });
    expect(data.object).toMatchObject({ object: 'card', last4: '4242', exp_month: 0 });
  });

  it('shares nothing with another one', () => {
    const one = stripeEvent('invoice.paid');
    one.data.object.lines.data.push({} as never);
    const other = stripeEvent('invoice.paid');
    expect(other.data.object.lines.data).toEqual([]);
    expect([other.id, other.data.object.id]).not.toEqual([one.id, one.data.object.id]);
  });

  it('is refused of a type that Stripe has not', () => {
    expect(() => stripeEvent('invoice.payed' as never)).toThrow(
      'Stripe has no type of event "invoice.payed"',
    );
  });
});

describe('a thin event', () => {
  it('is made of each type, as a receiver reads it', () => {
    expect(thin.length).toBeGreaterThan(300);
    for (const type of thin) {
      const event = stripeThinEvent(type);
      expect(readEvent(JSON.stringify(event), 'test')).toMatchObject({ id: event.id, type });
    }
  });

  it.each([
    ['v1.billing.meter.error_report_triggered', 'billing.meter', /^\/v1\/billing\/meters\/mtr_\w{24}$/],
    ['v1.customer.subscription.updated', 'subscription', /^\/v1\/subscriptions\/sub_\w{24}$/],
    ['v2.core.account[requirements].updated', 'v2.core.account', /^\/v2\/core\/accounts\/acct_\w{24}$/],
    ['v1.balance.available', 'balance', /^\/v1\/balance$/],
  ] as const)('%s refers to its object', (name, type, url) => {
    expect(stripeThinEvent(name)).toMatchObject({
      related_object: { type, url: expect.stringMatching(url) as unknown },
    });
  });

  it('has the fields that are given in place of the defaults', () => {
    const related_object = { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' };
    const event = stripeThinEvent('v1.billing.meter.error_report_triggered', {
      livemode: true,
      related_object,
    });
    expect(event).toMatchObject({ object: 'v2.core.event', livemode: true, related_object });
  });

  it('refers to nothing where Stripe has nothing to refer to', () => {
    expect(stripeThinEvent('v1.billing.meter.no_meter_found')).not.toHaveProperty('related_object');
  });

  it('is refused of a type that Stripe has not', () => {
    expect(() => stripeThinEvent('v2.core.nothing' as never)).toThrow('no type of thin event');
  });
});
