import { createSecretKey, randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  Delete,
  Get,
  Injectable,
  Module,
  Param,
  Post,
  UseFilters,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import type { EntityManager } from 'typeorm';
import {
  ErrorFilter,
  EventWorker,
  JwtAuthGuard,
  OnStripeEvent,
  PaymentsHealth,
  PaymentsModule,
  ProjectAccess,
  ProjectOwnershipGuard,
  ProjectRemoval,
  StripeClients,
  StripeConfigService,
  type OwnedProjects,
  type StripeConfigEvent,
  type StripeEventContext,
  type StripeEventOf,
} from '../src/index.js';
import {
  FakeStripe,
  InMemoryPayments,
  PaymentsTestingModule,
  deliverStripeEvent,
  fakeCredential,
  overridePaymentsModule,
  signStripeEvent,
  stripeEvent,
  stripeThinEvent,
} from '../src/testing/index.js';
import { findSigningSecret, parseSignature } from '../src/payments/stripe-webhooks/signature.js';

const SHOP = '7b0cbb0c-5d0d-4b70-9a5e-2f7a3f1d9c11';

/** Who calls stands in a header. */
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { id: request.headers['x-user'] };
    return true;
  }
}

@Injectable()
class Shops extends ProjectAccess {
  findOwner(projectId: string): Promise<string | undefined> {
    return Promise.resolve(projectId === SHOP ? 'alice' : undefined);
  }

  listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

/** What an application does with events, and what it hears of changes. */
@Injectable()
class Orders {
  readonly seen: unknown[] = [];

  @OnStripeEvent('payment_intent.succeeded')
  async onPaid(
    event: StripeEventOf<'payment_intent.succeeded'>,
    { projectId, mode, attempt, transaction }: StripeEventContext<EntityManager>,
  ): Promise<void> {
    await transaction.query('UPDATE orders SET paid = true WHERE intent = $1', [event.data.object.id]);
    this.seen.push({ projectId, mode, attempt, amount: event.data.object.amount_received });
  }

  @OnStripeEvent('invoice.*', 'v1.billing.meter.error_report_triggered')
  onOther({ type }: { type: string }): void {
    if (type === 'invoice.voided') throw new Error('not today');
    this.seen.push(type);
  }

  @OnEvent('stripe-config.updated')
  onUpdated({ projectId, version, actor }: StripeConfigEvent): void {
    this.seen.push(`${projectId} ${version} ${actor}`);
  }
}

@Controller('shops/:project_id')
class ShopController {
  constructor(
    private readonly stripe: StripeClients,
    private readonly configs: StripeConfigService,
    private readonly removal: ProjectRemoval,
    private readonly health: PaymentsHealth,
    private readonly worker: EventWorker,
  ) {}

  @Post('pay')
  async pay(
    @Param('project_id') projectId: string,
    @Body() { amount }: { amount: number },
  ): Promise<unknown> {
    const client = await this.stripe.forProject(projectId, 'live');
    const { id } = await client.paymentIntents.create({ amount, currency: 'eur' });
    return { id, key: await this.stripe.publishableKey(projectId, 'live') };
  }

  @Post('key')
  @UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
  @UseFilters(ErrorFilter)
  async store(@Param('project_id') projectId: string): Promise<unknown> {
    const change = { actor: 'alice', requestId: randomUUID() };
    const request = { live_secret_key: fakeCredential('live_secret_key') };
    return this.configs.update(projectId, request, change);
  }

  @Delete()
  remove(@Param('project_id') projectId: string): Promise<unknown> {
    return this.removal.remove(projectId, { actor: 'alice', requestId: randomUUID() });
  }

  @Post('events')
  async handOn(): Promise<unknown> {
    return { handed: await this.worker.runOnce() };
  }

  @Get('ready')
  async ready(): Promise<unknown> {
    return { ...(await this.health.database('database')), ...this.health.keyRing('ring') };
  }
}

/** As a host writes it, with a ring and a database that are nowhere. */
@Module({
  imports: [
    EventEmitterModule.forRoot(),
    PaymentsModule.forRootAsync({
      basePath: 'billing',
      useFactory: () => ({
        keyRing: '/nowhere/ring.json',
        projects: Shops,
        auth: { guard: HeaderGuard },
        publicBaseUrl: 'https://shop.example',
      }),
    }),
  ],
  controllers: [ShopController],
  providers: [Shops, Orders],
})
class AppModule {}

const stripe = () =>
  new FakeStripe({
    'POST /v1/payment_intents': ({ params }) => ({ id: 'pi_1', amount: Number(params.amount) }),
  });

let app: INestApplication;

async function listen(
  module: TestingModule,
  adapter: ExpressAdapter | FastifyAdapter = new FastifyAdapter(),
): Promise<void> {
  app = module.createNestApplication(adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
}

async function request(method: string, path: string, body?: object, user = 'alice') {
  const response = await fetch((await app.getUrl()) + path, {
    method,
    headers: { 'x-user': user, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

describe.each([
  ['Express', ExpressAdapter],
  ['Fastify', FastifyAdapter],
])('an application on %s whose payments module is overridden', (_name, Adapter) => {
  let payments: InMemoryPayments;

  beforeEach(async () => {
    payments = new InMemoryPayments();
    const builder = Test.createTestingModule({ imports: [AppModule] });
    await listen(await overridePaymentsModule(builder, payments).compile(), new Adapter());
  });
  afterEach(() => app.close());

  it('charges with the client that the test gives', async () => {
    const { client, requests } = stripe();
    payments.clients.use(SHOP, 'live', client);
    expect(await request('POST', `/shops/${SHOP}/pay`, { amount: 1200 })).toMatchObject({
      status: 201,
      json: { id: 'pi_1', key: expect.stringMatching(/^pk_live_FAKE/) as unknown },
    });
    expect(requests).toMatchObject([
      { path: '/v1/payment_intents', params: { amount: '1200', currency: 'eur' } },
    ]);
  });

  it('stores, tells, and erases in memory', async () => {
    expect(await request('POST', `/shops/${SHOP}/key`, {})).toMatchObject({
      status: 201,
      json: { version: 1 },
    });
    expect(app.get(Orders).seen).toEqual([`${SHOP} 1 alice`]);
    expect(await payments.configs.find(SHOP)).toMatchObject({ is_active: true });
    expect(await request('DELETE', `/shops/${SHOP}`)).toMatchObject({
      status: 200,
      json: { endpointsLeft: [] },
    });
    expect(await payments.configs.find(SHOP)).toMatchObject({ is_active: false });
    expect((await request('GET', `/shops/${SHOP}/ready`)).json).toEqual({
      database: { status: 'up' },
      ring: { status: 'up' },
    });
    expect((await request('POST', `/shops/${SHOP}/events`, {})).json).toEqual({ handed: 0 });
  });

  it('keeps its guards and its routes of configurations', async () => {
    const config = `/billing/stripe/projects/${SHOP}/config`;
    expect(await request('POST', `/shops/${SHOP}/key`, {}, 'bob')).toMatchObject({ status: 403 });
    expect(await request('GET', config)).toEqual({ status: 200, json: null });
    expect(await request('GET', config, undefined, 'bob')).toMatchObject({ status: 403 });
    const body = { live_secret_key: fakeCredential('live_secret_key') };
    expect(await request('PUT', config, body)).toMatchObject({
      status: 200,
      json: { has_live_credentials: true },
    });
    expect(await request('DELETE', config)).toMatchObject({ status: 204 });
    expect(await request('PATCH', config)).toMatchObject({ status: 405 });
    expect(await request('GET', `${config}/history`)).toMatchObject({ status: 500 });
  });

  it('handles events without HTTP and without a database', async () => {
    const queries: unknown[] = [];
    const transaction = {
      query: (...query: unknown[]) => Promise.resolve(queries.push(query)),
    } as unknown as EntityManager;
    const paid = stripeEvent(
      'payment_intent.succeeded',
      { id: 'pi_1', amount_received: 1200 },
      { livemode: true },
    );
    expect(await deliverStripeEvent(app, paid, { projectId: SHOP, attempt: 2, transaction })).toEqual([
      'Orders.onPaid',
    ]);
    expect(app.get(Orders).seen).toEqual([{ projectId: SHOP, mode: 'live', attempt: 2, amount: 1200 }]);
    expect(queries).toEqual([['UPDATE orders SET paid = true WHERE intent = $1', ['pi_1']]]);
    const thin = stripeThinEvent('v1.billing.meter.error_report_triggered');
    expect(await deliverStripeEvent(app, thin, { projectId: SHOP })).toEqual(['Orders.onOther']);
    expect(await deliverStripeEvent(app, stripeEvent('charge.failed'), { projectId: SHOP })).toEqual([]);
  });

  it('fails a delivery as the handler fails', async () => {
    const to = { projectId: SHOP };
    await expect(deliverStripeEvent(app, stripeEvent('invoice.voided'), to)).rejects.toThrow('not today');
    await expect(deliverStripeEvent(app, stripeEvent('payment_intent.succeeded'), to)).rejects.toThrow(
      'transaction.query is not there in this test; give deliverStripeEvent one: { transaction: dataSource.manager }, or what your database gives',
    );
  });

  it('refuses to deliver what a webhook could not bring', async () => {
    const invoice = stripeEvent('invoice.paid');
    const to = { projectId: SHOP };
    await expect(deliverStripeEvent(app, invoice, { ...to, mode: 'live' })).rejects.toThrow('mode live');
    await expect(deliverStripeEvent(app, { ...invoice, id: '' }, to)).rejects.toThrow(
      'no event as Stripe sends it',
    );
  });
});

it('needs no settings of the application where the test gives options', async () => {
  @Module({
    imports: [
      PaymentsModule.forRootAsync({
        useFactory: () => {
          throw new Error('KEY_RING_FILE is not set');
        },
      }),
    ],
    providers: [Orders],
  })
  class Unset {}
  const build = () => Test.createTestingModule({ imports: [Unset] });
  await expect(overridePaymentsModule(build()).compile()).rejects.toThrow('KEY_RING_FILE');
  const module = await overridePaymentsModule(build(), new InMemoryPayments(), {}).compile();
  await module.init();
  expect(await deliverStripeEvent(module, stripeEvent('invoice.paid'), { projectId: SHOP })).toEqual([
    'Orders.onOther',
  ]);
  await module.close();
});

describe('a test of one part', () => {
  let payments: InMemoryPayments;
  let module: TestingModule;

  beforeEach(async () => {
    payments = new InMemoryPayments();
    module = await Test.createTestingModule({
      imports: [
        PaymentsTestingModule.forRoot(payments, { projects: new Shops(), auth: { guard: HeaderGuard } }),
      ],
      controllers: [ShopController],
      providers: [Orders],
    }).compile();
  });
  afterEach(() => module.close());

  it('has the services, uninitialized', async () => {
    payments.clients.use(SHOP, 'live', stripe().client);
    expect(await module.get(ShopController).pay(SHOP, { amount: 5 })).toMatchObject({ id: 'pi_1' });
    expect(await deliverStripeEvent(module, stripeEvent('invoice.paid'), { projectId: SHOP })).toEqual([
      'Orders.onOther',
    ]);
    expect(module.get(Orders).seen).toEqual(['invoice.paid']);
  });

  it('has the guards', async () => {
    await listen(module);
    expect(await request('POST', `/shops/${SHOP}/key`, {}, 'bob')).toMatchObject({ status: 403 });
    expect(await request('POST', `/shops/${SHOP}/key`, {})).toMatchObject({ status: 201 });
    await app.close();
  });
});

describe('projects with serial keys', () => {
  class NumberedShops extends Shops {
    override findOwner(projectId: string): Promise<string | undefined> {
      return Promise.resolve(projectId === '42' ? 'alice' : undefined);
    }
  }

  @Module({
    imports: [
      PaymentsModule.forRoot({
        projectIds: 'integer',
        keyRing: '/nowhere/ring.json',
        projects: new NumberedShops(),
        auth: { guard: HeaderGuard },
        publicBaseUrl: 'https://shop.example',
      }),
    ],
  })
  class NumberedModule {}
  const overridden = (payments: InMemoryPayments) =>
    overridePaymentsModule(Test.createTestingModule({ imports: [NumberedModule] }), payments).compile();

  it('are known by them', async () => {
    const payments = new InMemoryPayments({ projectIds: 'integer' });
    const { client } = stripe();
    payments.clients.use(42, 'live', client);
    expect(await payments.clients.forProject('42', 'live')).toBe(client);
    await listen(await overridden(payments));
    const body = { live_webhook_secret: fakeCredential('live_webhook_secret') };
    const put = await request('PUT', '/api/v1/payments/stripe/projects/42/config', body);
    expect(put).toMatchObject({ status: 200, json: { project_id: '42' } });
    expect(await payments.configs.find(42)).toMatchObject({ project_id: '42', version: 1 });
    await expect(payments.configs.find('042')).rejects.toMatchObject({ items: [{ type: 'invalid_id' }] });
    await app.close();

    const module = await Test.createTestingModule({
      imports: [
        PaymentsTestingModule.forRoot(payments, {
          projects: new NumberedShops(),
          auth: { guard: HeaderGuard },
        }),
      ],
      controllers: [ShopController],
    }).compile();
    await listen(module);
    expect(await request('POST', '/shops/42/key', {})).toMatchObject({ status: 201 });
    await app.close();
  });

  it('are known to both or to none', async () => {
    await expect(overridden(new InMemoryPayments())).rejects.toThrow(
      'an id is a number from 0 to 2147483647 without leading zeros, such as 42; give the same to both: new InMemoryPayments({ projectIds })',
    );
    const projectIds = { pattern: /\d+/, example: '42' };
    expect(() => new InMemoryPayments({ projectIds })).toThrow(/\n- projectIds\.pattern/);
  });
});

it('signs an event as Stripe does', () => {
  const secret = fakeCredential('test_webhook_secret');
  const event = stripeEvent('invoice.paid');
  const at = new Date('2026-01-24T10:00:00Z');
  const { payload, headers } = signStripeEvent(event, secret, at);
  expect(JSON.parse(payload)).toEqual(event);
  const signature = parseSignature(headers['stripe-signature']);
  if (signature === undefined) throw new Error('no signature');
  const secrets = [createSecretKey(Buffer.from(secret))];
  expect(findSigningSecret(signature, Buffer.from(payload), secrets, at.getTime() / 1000)).toEqual({
    index: 0,
    isStale: false,
  });
  expect(findSigningSecret(signature, Buffer.from(`${payload} `), secrets, 0)).toBeUndefined();
});
