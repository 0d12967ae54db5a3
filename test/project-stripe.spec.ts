import { randomUUID } from 'node:crypto';
import {
  Controller,
  Module,
  Param,
  Post,
  Scope,
  UseFilters,
  UseGuards,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import Stripe from 'stripe';
import {
  ErrorFilter,
  JwtAuthGuard,
  PaymentsModule,
  ProjectRemoval,
  ProjectStripe,
  StripeConfigService,
  type StripeClient,
} from '../src/index.js';
import { CALLER, requestOf } from '../src/payments/http/http-request.js';
import { FakeStripe, InMemoryPayments, PaymentsTestingModule } from '../src/testing/index.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { fakeCredential } from './support/credentials.js';
import { ShopFilter, Shops, strictPipe } from './hosts/shop.js';
import { ADAPTERS, paymentsOptions, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { testClient } from './support/service.js';
import { LocalStripe } from './support/stripe/local-stripe.js';

const KEY = fakeCredential('test_secret_key', 'of the decorator');
const CHANGE = { actor: 'alice', requestId: randomUUID() };

class ElsewhereGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    requestOf(context)[CALLER] = { subject: 'alice' };
    return true;
  }
}

@Controller('till')
class TillController {
  @Post(':project_id/test')
  async test(@ProjectStripe('test') stripe: StripeClient) {
    const { livemode } = await stripe.balance.retrieve();
    return { livemode };
  }

  @Post(':project_id/live')
  live(@ProjectStripe('live') stripe: StripeClient) {
    return { isClient: typeof stripe };
  }

  @Post('of/:shopId')
  ofShop(@ProjectStripe('test', 'shopId') stripe: StripeClient, @Param('shopId') shopId: string) {
    return { shopId, isClient: stripe instanceof Stripe };
  }

  @Post('nowhere')
  nowhere(@ProjectStripe('test') stripe: StripeClient) {
    return { stripe };
  }

  @Post(':project_id/filtered')
  @UseFilters(ErrorFilter)
  @UseGuards(JwtAuthGuard)
  filtered(@ProjectStripe('live') stripe: StripeClient) {
    return { isClient: typeof stripe };
  }

  /** Behind a guard of another instance of the module, for which the caller is somebody else. */
  @Post(':project_id/elsewhere')
  @UseGuards(new ElsewhereGuard())
  elsewhere(@ProjectStripe('test') stripe: StripeClient) {
    return { isClient: typeof stripe };
  }

  /** With the class as its type, which a pipe of the host makes an instance of. */
  @Post(':project_id/transformed')
  transformed(@ProjectStripe('test') stripe: Stripe) {
    return { isClient: typeof stripe };
  }
}

@Controller({ path: 'request-till', scope: Scope.REQUEST })
class RequestTillController {
  @Post(':project_id')
  test(@ProjectStripe('test') stripe: StripeClient) {
    return { isClient: stripe instanceof Stripe };
  }
}

let database: TestDatabase;
let stripe: LocalStripe;
let host: Host;

function tillOf(payments: ReturnType<typeof PaymentsModule.forRoot>) {
  @Module({ imports: [payments], controllers: [TillController, RequestTillController] })
  class TillModule {}
  return TillModule;
}

beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await LocalStripe.start();
  stripe.addAccount({ accountId: 'acct_1', key: KEY });
});
afterAll(async () => {
  await stripe.stop();
  await database.drop();
});

describe.each(Object.keys(ADAPTERS) as AdapterName[])('@ProjectStripe on %s', (adapter) => {
  let id: string;

  beforeAll(async () => {
    host = await startHost({
      adapter,
      database,
      imports: [tillOf(PaymentsModule.forRoot(paymentsOptions({ stripeApiBase: stripe.url })))],
    });
    id = await host.app.get(Shops).open('alice', 'Shop');
    await host.app.get(StripeConfigService).update(id, { test_secret_key: KEY }, CHANGE);
  });
  afterAll(() => host.stop());

  const post = (path: string, subject: string | null = 'alice', headers = {}) =>
    testClient(host.url).request('POST', path, { subject, headers });
  const refused = (status: number, code: string) => ({ status, json: { code, status } });

  it('gives the owner the client of the project of the path, in any spelling of its id', async () => {
    for (const each of [id, id.toUpperCase()]) {
      expect(await post(`/till/${each}/test`)).toMatchObject({ status: 201, json: { livemode: false } });
    }
    expect(stripe.requests.at(-1)).toMatchObject({ path: '/v1/balance', key: KEY });
    expect(await post(`/till/of/${id}`)).toMatchObject({ json: { shopId: id, isClient: true } });
    expect(await post(`/request-till/${id}`)).toMatchObject({ status: 201, json: { isClient: true } });
  });

  it('gives nobody else any', async () => {
    const before = stripe.requests.length;
    expect(await post(`/till/${id}/test`, 'bob')).toMatchObject(refused(403, 'not_project_owner'));
    const anonymous = await post(`/till/${id}/test`, null);
    expect(anonymous).toMatchObject(refused(401, 'not_authenticated'));
    expect(anonymous.headers.get('www-authenticate')).toBe('Bearer');
    expect(await post(`/till/${randomUUID()}/test`)).toMatchObject(refused(404, 'project_not_found'));
    expect(await post('/till/shop-1/test')).toMatchObject(refused(422, 'validation_failed'));
    expect(await post(`/till/${id}/elsewhere`, 'bob')).toMatchObject(refused(403, 'not_project_owner'));
    expect(stripe.requests).toHaveLength(before);
  });

  it('refuses what is not configured, or was deleted', async () => {
    expect(await post(`/till/${id}/live`)).toMatchObject(refused(409, 'credentials_missing'));
    const problem = await post(`/till/${id}/live`, 'alice', { accept: 'application/problem+json' });
    expect(problem.json).toMatchObject({ type: 'urn:nest-stripe-config:error:credentials_missing' });
    // Below our own filter as well, which would answer another exception of 409 in other words.
    expect(await post(`/till/${id}/filtered`)).toMatchObject(refused(409, 'credentials_missing'));
    const gone = await host.app.get(Shops).open('alice', 'Gone');
    await host.app.get(StripeConfigService).update(gone, { test_secret_key: KEY }, CHANGE);
    expect(await post(`/till/${gone}/test`)).toMatchObject({ status: 201 });
    await host.app.get(ProjectRemoval).remove(gone, CHANGE);
    const answer = await post(`/till/${gone}/test`);
    expect(answer).toMatchObject(refused(409, 'credentials_missing'));
  });

  it('is a fault of the application where the path names no project', async () => {
    expect(await post('/till/nowhere')).toMatchObject({ status: 500 });
  });
});

it('leaves the answer to the host’s filters, and gives nothing that a pipe of the host has changed', async () => {
  host = await startHost({
    adapter: 'express',
    database,
    imports: [tillOf(PaymentsModule.forRoot(paymentsOptions({ stripeApiBase: stripe.url })))],
    prepare: (app) => {
      app.useGlobalPipes(
        strictPipe(),
        new ValidationPipe({ transform: true, validateCustomDecorators: true }),
      );
      app.useGlobalFilters(app.get(ShopFilter));
    },
    providers: [ShopFilter],
  });
  try {
    const id = await host.app.get(Shops).open('alice', 'Shop');
    await host.app.get(StripeConfigService).update(id, { test_secret_key: KEY }, CHANGE);
    const post = (path: string, subject = 'alice') => testClient(host.url).request('POST', path, { subject });
    expect(await post(`/till/${id}/test`)).toMatchObject({ status: 201, json: { livemode: false } });
    expect(await post(`/till/${id}/test`, 'bob')).toMatchObject({
      status: 403,
      json: { shop_error: 403, why: { code: 'not_project_owner' } },
    });
    expect(await post(`/till/${id}/transformed`)).toMatchObject({ json: { shop_error: 500 } });
  } finally {
    await host.stop();
  }
});

describe('with the testing kit', () => {
  it('gives what the test gives, and refuses as ever', async () => {
    const payments = new InMemoryPayments();
    const shop = randomUUID();
    const module = await Test.createTestingModule({
      imports: [
        PaymentsTestingModule.forRoot(payments, {
          auth: { guard: { canActivate: () => true }, subject: () => 'alice' },
          projects: {
            findOwner: (id) => Promise.resolve(id === shop ? 'alice' : 'bob'),
            listOwnedBy: () => Promise.resolve({ projects: [], total: 0 }),
          },
        }),
      ],
      controllers: [TillController],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const client = testClient(await app.getUrl());
    const fake = new FakeStripe({ 'GET /v1/balance': () => ({ livemode: false }) });
    payments.clients.use(shop, 'test', fake.client);
    const other = randomUUID();
    payments.clients.use(other, 'test', fake.client);
    try {
      expect(await client.request('POST', `/till/${shop}/test`)).toMatchObject({ status: 201 });
      expect(fake.requests).toHaveLength(1);
      expect(await client.request('POST', `/till/${other}/test`)).toMatchObject({ status: 403 });
      expect(await client.request('POST', `/till/${shop}/live`)).toMatchObject({
        status: 409,
        json: { code: 'credentials_missing' },
      });
    } finally {
      await app.close();
    }
  });
});

it('refuses a mode that is none where it is written', () => {
  expect(() => ProjectStripe('production' as 'live')).toThrow("@ProjectStripe takes 'test' or 'live'");
});
