import { Controller, Inject, Injectable, Scope, type Provider, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import type Stripe from 'stripe';
import type { AnyStripeEvent, StripeEventOf } from '../stripe/stripe-event-types.js';
import { EventHandlers } from './event-handlers.js';
import { OnStripeEvent, type StripeEventContext } from './on-stripe-event.js';

const THIN_TYPE = 'v1.billing.meter.error_report_triggered';

let testing: TestingModule | undefined;

afterEach(async () => {
  await testing?.close();
  testing = undefined;
});

async function find(providers: Provider[], controllers: Type[] = []): Promise<EventHandlers> {
  testing = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [...providers, EventHandlers],
    controllers,
  }).compile();
  await testing.init();
  return testing.get(EventHandlers);
}

const namesOf = (handlers: EventHandlers, type: string) => handlers.of(type).map(({ name }) => name);

const EVENT = { id: 'evt_1' } as AnyStripeEvent;
const CONTEXT = { projectId: 'p', mode: 'test', attempt: 1 } as StripeEventContext;

@Injectable()
class Billing {
  readonly seen: [string, AnyStripeEvent, StripeEventContext][] = [];

  @OnStripeEvent('invoice.paid')
  onPaid(event: Stripe.InvoicePaidEvent, context: StripeEventContext): void {
    this.seen.push(['onPaid', event, context]);
  }

  @OnStripeEvent('invoice.created', 'charge.failed')
  onSeveral(event: Stripe.InvoiceCreatedEvent | Stripe.ChargeFailedEvent, context: StripeEventContext): void {
    this.seen.push(['onSeveral', event, context]);
  }

  @OnStripeEvent('customer.*')
  onCustomer(event: AnyStripeEvent, context: StripeEventContext): void {
    this.seen.push(['onCustomer', event, context]);
  }

  @OnStripeEvent(THIN_TYPE)
  onThin(event: StripeEventOf<typeof THIN_TYPE>): string {
    return event.id;
  }

  onInvoiceVoided(): void {
    throw new Error('bears no decorator');
  }
}

@Injectable()
class Everything {
  @OnStripeEvent('*')
  on(): void {
    // Nothing to do.
  }
}

describe('the handlers of a type', () => {
  it.each([
    ['invoice.paid', ['Billing.onPaid']],
    ['invoice.created', ['Billing.onSeveral']],
    ['charge.failed', ['Billing.onSeveral']],
    ['customer.created', ['Billing.onCustomer']],
    ['customer.subscription.deleted', ['Billing.onCustomer']],
    [THIN_TYPE, ['Billing.onThin']],
    ['invoice.paid.later', []],
    ['invoice.pai', []],
    ['xinvoice.paid', []],
    ['invoice.voided', []],
    ['customer', []],
    ['customers.created', []],
    ['customer_cash_balance_transaction.created', []],
    ['old.customer.created', []],
    ['constructor', []],
  ])('%s are %j', async (type, names) => {
    expect(namesOf(await find([Billing]), type)).toEqual(names);
  });

  it('are all that want it, those of * as well', async () => {
    const handlers = await find([Billing, Everything]);
    expect(namesOf(handlers, 'invoice.paid').sort()).toEqual(['Billing.onPaid', 'Everything.on']);
    expect(namesOf(handlers, 'anything.at_all')).toEqual(['Everything.on']);
  });

  it('run a handler that names the type twice only once', async () => {
    class Twice {
      @OnStripeEvent('invoice.paid', 'invoice.*', '*')
      on(): void {
        // Nothing to do.
      }
    }
    expect(namesOf(await find([Twice]), 'invoice.paid')).toEqual(['Twice.on']);
  });

  it('are called on their provider, with the event and the context, and their outcome is given back', async () => {
    const handlers = await find([Billing]);
    handlers.of('charge.failed')[0]?.handle(EVENT, CONTEXT);
    expect(testing?.get(Billing).seen).toEqual([['onSeveral', EVENT, CONTEXT]]);
    expect(handlers.of(THIN_TYPE)[0]?.handle(EVENT, CONTEXT)).toBe('evt_1');
  });
});

describe('handlers are found', () => {
  it('on controllers', async () => {
    @Controller('hooks')
    class Hooks {
      @OnStripeEvent('invoice.paid')
      on(): void {
        // Nothing to do.
      }
    }
    expect(namesOf(await find([], [Hooks]), 'invoice.paid')).toEqual(['Hooks.on']);
  });

  it('on a base class, and not on what overrides it without the decorator', async () => {
    class Inheriting extends Billing {
      override onCustomer(): void {
        throw new Error('bears no decorator');
      }
    }
    const handlers = await find([Inheriting]);
    expect(namesOf(handlers, 'invoice.paid')).toEqual(['Inheriting.onPaid']);
    expect(namesOf(handlers, 'customer.created')).toEqual([]);
  });

  it('on a class under another token', async () => {
    expect(namesOf(await find([{ provide: 'BILLING', useClass: Billing }]), 'invoice.paid')).toEqual([
      'Billing.onPaid',
    ]);
  });

  it('once on a provider that has an alias', async () => {
    const handlers = await find([Billing, { provide: 'ALIAS', useExisting: Billing }]);
    expect(namesOf(handlers, 'invoice.paid')).toEqual(['Billing.onPaid']);
  });

  it.each<[string, Provider]>([
    ['a value', { provide: 'BILLING', useValue: new Billing() }],
    ['what a factory makes', { provide: 'BILLING', useFactory: () => new Billing() }],
    ['what a factory makes later', { provide: 'BILLING', useFactory: () => Promise.resolve(new Billing()) }],
  ])('on %s', async (_name, provider) => {
    expect(namesOf(await find([provider]), 'invoice.paid')).toEqual(['Billing.onPaid']);
  });

  it('on nothing that is no object with methods', async () => {
    const values = [null, undefined, 1, 'text', Object.create(null) as object, () => 1, Symbol('s')];
    const handlers = await find(values.map((useValue, index) => ({ provide: `value ${index}`, useValue })));
    expect(handlers.of('invoice.paid')).toEqual([]);
  });

  it('without reading properties that are computed', async () => {
    class Computed {
      get property(): never {
        throw new Error('was read');
      }
    }
    expect((await find([Computed])).of('invoice.paid')).toEqual([]);
  });
});

describe('a handler on a request-scoped provider', () => {
  const fix = /default scope/;

  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {
    @OnStripeEvent('invoice.paid')
    on(): void {
      // Nothing to do.
    }
  }

  it('fails at start, naming the class and the fix', async () => {
    await expect(find([PerRequest])).rejects.toThrow(/\bPerRequest\b/);
    await expect(find([PerRequest])).rejects.toThrow(fix);
  });

  it('fails likewise when it is so by what it is given', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}
    @Injectable()
    class OfTenant {
      constructor(@Inject(Tenant) readonly tenant: Tenant) {}
      @OnStripeEvent('invoice.paid')
      on(): void {
        // Nothing to do.
      }
    }
    await expect(find([Tenant, OfTenant])).rejects.toThrow(/\bOfTenant\b/);
    await expect(find([Tenant, OfTenant])).rejects.toThrow(fix);
  });

  it('fails likewise on a controller', async () => {
    @Controller({ path: 'hooks', scope: Scope.REQUEST })
    class RequestHooks {
      @OnStripeEvent('invoice.paid')
      on(): void {
        // Nothing to do.
      }
    }
    await expect(find([], [RequestHooks])).rejects.toThrow(/\bRequestHooks\b/);
  });

  it('does no harm without a handler', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Plain {
      on(): void {
        // Nothing to do.
      }
    }
    expect(namesOf(await find([Plain, Billing]), 'invoice.paid')).toEqual(['Billing.onPaid']);
  });
});

it('a handler on a transient provider, of which there is no one instance, fails at start', async () => {
  @Injectable({ scope: Scope.TRANSIENT })
  class Transient {
    @OnStripeEvent('invoice.paid')
    on(): void {
      // Nothing to do.
    }
  }
  await expect(find([Transient])).rejects.toThrow(/\bTransient\b/);
});

it('the compiler refuses what does not fit', () => {
  class Types {
    @OnStripeEvent('invoice.paid')
    sdkType(event: Stripe.InvoicePaidEvent): string | undefined {
      return event.data.object.id;
    }

    @OnStripeEvent('invoice.paid', 'charge.failed')
    union(event: Stripe.InvoicePaidEvent | Stripe.ChargeFailedEvent): string {
      return event.type;
    }

    @OnStripeEvent('invoice.*')
    prefix(event: AnyStripeEvent): string {
      return event.type;
    }

    // @ts-expect-error An event of another type.
    @OnStripeEvent('invoice.paid')
    otherType(event: Stripe.ChargeFailedEvent): string {
      return event.type;
    }

    // @ts-expect-error One of the two types is missing.
    @OnStripeEvent('invoice.paid', 'charge.failed')
    oneOfTwo(event: Stripe.InvoicePaidEvent): string {
      return event.type;
    }

    // @ts-expect-error Below the prefix are other types, too.
    @OnStripeEvent('invoice.*')
    tooNarrow(event: Stripe.InvoicePaidEvent): string {
      return event.type;
    }

    // @ts-expect-error A thin event is no event with a snapshot.
    @OnStripeEvent('v1.billing.meter.error_report_triggered')
    thin(event: Stripe.Event): string {
      return event.type;
    }

    @OnStripeEvent('v1.account.updated')
    asSent(event: StripeEventOf<'v1.account.updated'>): string | null | undefined {
      return event.context ?? event.related_object.url;
    }

    @OnStripeEvent('v1.account.updated')
    fetching(event: StripeEventOf<'v1.account.updated'>): unknown {
      // @ts-expect-error A stored event has no client that could fetch.
      return event.fetchRelatedObject;
    }

    @OnStripeEvent('*')
    fetchingAny(event: AnyStripeEvent): unknown {
      // @ts-expect-error A stored event has no client that could fetch.
      return 'data' in event ? undefined : event.fetchEvent;
    }

    // @ts-expect-error There is no such type.
    @OnStripeEvent('invoice.piad')
    misspelt(event: AnyStripeEvent): string {
      return event.type;
    }

    // @ts-expect-error A handler of nothing.
    @OnStripeEvent()
    nothing(event: AnyStripeEvent): string {
      return event.type;
    }

    // @ts-expect-error The second parameter is the context.
    @OnStripeEvent('invoice.paid')
    context(event: Stripe.InvoicePaidEvent, id: string): string {
      return event.type + id;
    }
  }
  // That this file compiles is the test; whether the SDK's own type is given is one more.
  type Given = Parameters<
    Parameters<ReturnType<typeof OnStripeEvent<'invoice.paid'>>>[2]['value'] & object
  >[0];
  const isSame: Given extends Stripe.InvoicePaidEvent
    ? Stripe.InvoicePaidEvent extends Given
      ? true
      : false
    : false = true;
  expect([typeof Types, isSame]).toEqual(['function', true]);
});
