import { createSecretKey, randomBytes } from 'node:crypto';
import {
  Inject,
  Injectable,
  Module,
  Scope,
  UnauthorizedException,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type Provider,
} from '@nestjs/common';
import { REQUEST, RouterModule } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { TypeOrmModule } from '@nestjs/typeorm';
import jsonwebtoken from 'jsonwebtoken';
import { of, type Observable } from 'rxjs';
import pg from 'pg';
import {
  OnStripeEvent,
  PaymentsModule,
  PaymentsOptionsError,
  StripeEventsOf,
  migrate,
  type PaymentsModuleOptions,
  type StripeEventContext,
} from '../src/index.js';
import { expectNestError, expectOurError, expectOurInvalid } from './hosts/answers.js';
import { Shops, shopToken } from './hosts/shop.js';
import {
  ADAPTERS,
  HOST_RING,
  dataSourceFor,
  paymentsOptions,
  startHost,
  type AdapterName,
  type Host,
  type HostOptions,
} from './hosts/start-host.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import {
  configPath,
  testKeyRing,
  testToken,
  webhookPath,
  type TestClient,
  type TestResponse,
} from './support/service.js';
import { eventually } from './support/eventually.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import { sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

let database: TestDatabase;
let host: Host | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

async function start(options: Partial<HostOptions> = {}): Promise<Host> {
  host = await startHost({ adapter: 'express', database, ...options });
  return host;
}

/** Stores a webhook secret below a base path, as a subject, and gives the answer to a webhook signed with it. */
async function configureAndDeliver(
  ours: TestClient,
  projectId: string,
  move = (path: string) => path,
  headers: Record<string, string> = {},
): Promise<TestResponse> {
  const secret = fakeCredential('live_webhook_secret', projectId);
  const stored = await ours.request('PUT', move(configPath(projectId)), {
    body: { live_webhook_secret: secret },
    headers,
  });
  expect({ status: stored.status, json: stored.json }).toMatchObject({
    status: 200,
    json: { live_webhook_secret_masked: expectedMask('live_webhook_secret', secret) },
  });
  const payload = `${JSON.stringify(snapshotEvent('live'), null, 2)}\n`;
  return sendWebhook(ours, move(webhookPath(projectId, 'live')), payload, signatureOf(payload, secret));
}

const RECEIVED = { status: 200, json: { received: true } };

describe('options', () => {
  const SETTINGS = Symbol('Settings');

  @Injectable()
  class PaymentsSettings {
    static made = 0;

    constructor(@Inject(SETTINGS) private readonly settings: Partial<PaymentsModuleOptions>) {
      PaymentsSettings.made += 1;
    }

    createPaymentsOptions(): PaymentsModuleOptions {
      return paymentsOptions(this.settings);
    }
  }

  @Module({
    providers: [
      { provide: SETTINGS, useFactory: () => Promise.resolve({ publicBaseUrl: 'https://of.the.settings' }) },
      PaymentsSettings,
    ],
    exports: [SETTINGS, PaymentsSettings],
  })
  class SettingsModule {}

  beforeEach(() => {
    PaymentsSettings.made = 0;
  });

  it.each<[string, number, () => DynamicModule]>([
    [
      'a factory',
      1,
      () =>
        PaymentsModule.forRootAsync({
          basePath: '/pay/',
          imports: [SettingsModule],
          inject: [PaymentsSettings],
          useFactory: (settings: PaymentsSettings) => Promise.resolve(settings.createPaymentsOptions()),
        }),
    ],
    [
      'a class',
      2,
      () =>
        PaymentsModule.forRootAsync({
          basePath: 'pay',
          imports: [SettingsModule],
          useClass: PaymentsSettings,
        }),
    ],
    [
      'a provider that exists',
      1,
      () =>
        PaymentsModule.forRootAsync({
          basePath: 'pay',
          imports: [SettingsModule],
          useExisting: PaymentsSettings,
        }),
    ],
  ])('come from %s', async (_, made, payments) => {
    const { ours } = await start({ imports: [payments()] });
    const id = await ours.createProject();
    const { json } = await ours.request('GET', `/pay/stripe/projects/${id}/webhook-urls`);
    expect(json).toMatchObject({
      test_webhook_url: `https://of.the.settings/pay/stripe/webhooks/${id}/test`,
    });
    expect(PaymentsSettings.made).toBe(made);
  });

  it('that are wrong keep the host from starting', async () => {
    const imports = [
      PaymentsModule.forRootAsync({ useFactory: () => paymentsOptions({ publicBaseUrl: 'here' }) }),
    ];
    await expect(start({ imports })).rejects.toThrow(PaymentsOptionsError);
  });

  describe('that name a class of which there is no one instance', () => {
    @Injectable({ scope: Scope.REQUEST })
    class OfRequest {}

    @Injectable()
    class ShopsOfRequest extends Shops {
      @Inject(OfRequest)
      readonly request!: OfRequest;
    }

    @Injectable({ scope: Scope.TRANSIENT })
    class ManyShops extends Shops {}

    @Injectable()
    class LostGuard implements CanActivate {
      constructor(readonly request: OfRequest) {}

      canActivate(): boolean {
        return true;
      }
    }

    it.each<[string, Partial<PaymentsModuleOptions>, Provider[], RegExp]>([
      [
        'because of what it needs',
        { projects: ShopsOfRequest },
        [OfRequest, ShopsOfRequest],
        /\n- projects: ShopsOfRequest,.* give it the default scope$/,
      ],
      [
        'by its scope',
        { projects: ManyShops },
        [ManyShops],
        /\n- projects: ManyShops,.* give it the default scope$/,
      ],
      [
        'because it is not listed, and needs what is not either',
        { auth: { guard: LostGuard } },
        [],
        /\n- auth\.guard: Nest has no LostGuard and cannot make one; list it among the providers/,
      ],
    ])('%s keep the host from starting', async (_, changes, providers, message) => {
      const imports = [PaymentsModule.forRoot(paymentsOptions(changes))];
      const starting = start({ imports, providers });
      await expect(starting).rejects.toThrow(PaymentsOptionsError);
      await expect(starting).rejects.toThrow(message);
    });
  });
});

it.each(Object.keys(ADAPTERS) as AdapterName[])(
  'may be put below a path by a router on %s',
  async (adapter) => {
    const { ours } = await start({
      adapter,
      imports: [
        PaymentsModule.forRoot(paymentsOptions()),
        RouterModule.register([{ path: 'billing', module: PaymentsModule }]),
      ],
    });
    const id = await ours.createProject();
    const move = (path: string) => `/billing${path}`;
    expect(await configureAndDeliver(ours, id, move)).toMatchObject(RECEIVED);
    expectOurError(await ours.request('PATCH', move(configPath(id))), 405, 'method_not_allowed');
    expectNestError(await ours.request('GET', configPath(id)), 404);
  },
);

describe.each(Object.keys(ADAPTERS) as AdapterName[])('two instances in one host on %s', (adapter) => {
  let other: TestDatabase;

  beforeAll(async () => {
    other = await createTestDatabase();
  });
  afterAll(async () => {
    await host?.stop();
    host = undefined;
    await other.drop();
  });

  it('have their own addresses, rings, tokens and tables', async () => {
    const otherSecret = randomBytes(32);
    const otherRing = testKeyRing();
    const { ours } = await start({
      adapter,
      imports: [
        TypeOrmModule.forRoot(dataSourceFor(other, 'other')),
        PaymentsModule.forRoot({ ...paymentsOptions(), basePath: 'pay' }),
        PaymentsModule.forRoot({
          ...paymentsOptions({ keyRing: otherRing, auth: { secret: createSecretKey(otherSecret) } }),
          // It ends like the first one's.
          basePath: 'other/pay',
          dataSource: 'other',
        }),
      ],
    });
    const id = await ours.createProject();
    const token = jsonwebtoken.sign({}, otherSecret, { subject: 'alice', expiresIn: '1h' });
    const ofOther = { authorization: `Bearer ${token}` };
    const toFirst = (path: string) => path.replace('/api/v1/payments', '/pay');
    const toOther = (path: string) => path.replace('/api/v1/payments', '/other/pay');

    expect(await configureAndDeliver(ours, id, toFirst)).toMatchObject(RECEIVED);
    const untouched = await ours.request('GET', toOther(configPath(id)), { headers: ofOther });
    expect({ status: untouched.status, json: untouched.json }).toEqual({ status: 200, json: null });
    expect(await configureAndDeliver(ours, id, toOther, ofOther)).toMatchObject(RECEIVED);

    expectOurError(await ours.request('GET', toOther(configPath(id))), 401, 'invalid_token');
    const answer = await ours.request('GET', toFirst(configPath(id)), { headers: ofOther });
    expectOurError(answer, 401, 'invalid_token');
    expectNestError(await ours.request('GET', configPath(id)), 404);

    const sealed =
      "SELECT sealed ->> 'live_webhook_secret' AS sealed FROM stripe_configs WHERE project_id = $1";
    const [inFirst] = await database.query<{ sealed: string }>(sealed, [id]);
    const [inOther] = await other.query<{ sealed: string }>(sealed, [id]);
    expect(inFirst?.sealed).toContain(`.${HOST_RING.active.id}.`);
    expect(inOther?.sealed).toContain(`.${otherRing.active.id}.`);
  });
});

describe('handlers of two instances', () => {
  const handled: string[] = [];
  const two = () => [
    PaymentsModule.forRoot({ ...paymentsOptions(), basePath: 'pay/eu' }),
    PaymentsModule.forRoot({ ...paymentsOptions(), basePath: 'pay/us', database: { pool: usPool } }),
  ];
  let us: TestDatabase;
  let usPool: pg.Pool;

  beforeAll(async () => {
    us = await createTestDatabase();
    usPool = new pg.Pool({ connectionString: us.url });
    await migrate(usPool);
  });
  afterAll(async () => {
    await host?.stop();
    host = undefined;
    await usPool.end();
    await us.drop();
  });

  it('get the events of those that they name', async () => {
    @Injectable()
    @StripeEventsOf('/pay/eu/')
    class Orders {
      @OnStripeEvent('invoice.paid')
      onEu(_event: unknown, { projectId }: StripeEventContext): void {
        handled.push(`eu ${projectId}`);
      }

      @OnStripeEvent('invoice.paid')
      @StripeEventsOf('pay/us')
      onUs(_event: unknown, { projectId }: StripeEventContext): void {
        handled.push(`us ${projectId}`);
      }

      @OnStripeEvent('*')
      @StripeEventsOf('pay/eu', 'pay/us')
      onBoth(_event: unknown, { projectId }: StripeEventContext): void {
        handled.push(`both ${projectId}`);
      }
    }
    const { ours } = await start({ imports: two(), providers: [Orders] });
    const [first, second] = [await ours.createProject(), await ours.createProject()];
    const to = (base: string) => (path: string) => path.replace('/api/v1/payments', base);
    expect(await configureAndDeliver(ours, first, to('/pay/eu'))).toMatchObject(RECEIVED);
    expect(await configureAndDeliver(ours, second, to('/pay/us'))).toMatchObject(RECEIVED);
    await eventually('all are handled', () => handled.length === 4);
    expect(handled.toSorted()).toEqual(
      [`both ${first}`, `both ${second}`, `eu ${first}`, `us ${second}`].toSorted(),
    );
  });

  it('must say whose events they handle, or the start is refused', async () => {
    @Injectable()
    class Ambiguous {
      @OnStripeEvent('invoice.paid')
      onPaid(): void {
        handled.push('ambiguous');
      }
    }
    await expect(start({ imports: two(), providers: [Ambiguous] })).rejects.toThrow(
      '@OnStripeEvent on Ambiguous.onPaid: there are several PaymentsModules, "pay/eu" and "pay/us"; say by their base paths whose events it handles: @StripeEventsOf("pay/eu").',
    );
  });

  it('must name those that there are', async () => {
    @Injectable()
    @StripeEventsOf('pay/asia')
    class Misnamed {
      @OnStripeEvent('invoice.paid')
      onPaid(): void {
        handled.push('misnamed');
      }
    }
    await expect(start({ providers: [Misnamed] })).rejects.toThrow(
      '@OnStripeEvent on Misnamed.onPaid: @StripeEventsOf names "pay/asia", and no PaymentsModule of this application has this base path.',
    );
  });

  it('must name both where they have the same tables, in which each takes events of the other', async () => {
    const imports = () =>
      ['pay/eu', 'pay/us'].map((basePath) => PaymentsModule.forRoot({ ...paymentsOptions(), basePath }));
    const handlerOf = (...basePaths: [string, ...string[]]) => {
      @Injectable()
      @StripeEventsOf(...basePaths)
      class Orders {
        @OnStripeEvent('invoice.paid')
        onPaid(): void {
          handled.push('shared');
        }
      }
      return Orders;
    };
    await expect(start({ imports: imports(), providers: [handlerOf('pay/us')] })).rejects.toThrow(
      /Orders.onPaid: the PaymentsModules "pay\/us" and "pay\/eu" have the same tables/,
    );
    await start({ imports: imports(), providers: [handlerOf('pay/us', 'pay/eu')] });
  });

  it('need not where only one of them receives webhooks', async () => {
    @Injectable()
    class Plain {
      @OnStripeEvent('invoice.paid')
      onPaid(): void {
        handled.push('plain');
      }
    }
    const imports = [
      PaymentsModule.forRoot({ ...paymentsOptions(), basePath: 'pay/eu' }),
      PaymentsModule.forRoot({ ...paymentsOptions(), basePath: 'pay/us', webhooks: false }),
    ];
    await start({ imports, providers: [Plain] });
  });
});

it('a data source may have a name, beside the host’s own', async () => {
  const billing = await createTestDatabase();
  try {
    const { ours } = await start({
      imports: [
        TypeOrmModule.forRoot(dataSourceFor(billing, 'billing')),
        PaymentsModule.forRoot({ ...paymentsOptions(), dataSource: 'billing' }),
      ],
    });
    const id = await ours.createProject();
    expect(await configureAndDeliver(ours, id)).toMatchObject(RECEIVED);
    const count = 'SELECT count(*)::int AS count FROM stripe_configs WHERE project_id = $1';
    expect(await billing.query(count, [id])).toEqual([{ count: 1 }]);
    expect(await database.query(count, [id])).toEqual([{ count: 0 }]);
  } finally {
    await host?.stop();
    host = undefined;
    await billing.drop();
  }
});

describe.each(Object.keys(ADAPTERS) as AdapterName[])('a guard of the host on %s', (adapter) => {
  interface SessionRequest {
    headers: Record<string, string | undefined>;
    session?: { customer: string | undefined };
    user?: { id: string };
  }

  @Injectable()
  class Sessions {
    customerOf(cookie: string | undefined): string | undefined {
      return cookie?.replace('session-of-', '');
    }
  }

  /** Needs something else of the host. */
  @Injectable()
  class SessionGuard implements CanActivate {
    constructor(private readonly sessions: Sessions) {}

    canActivate(context: ExecutionContext): boolean | Promise<boolean> {
      const request = context.switchToHttp().getRequest<SessionRequest>();
      const customer = this.sessions.customerOf(request.headers.cookie);
      if (customer === undefined) throw new UnauthorizedException('show your cookie');
      request.session = { customer: customer === 'nobody' ? undefined : customer };
      return Promise.resolve(customer !== 'banned');
    }
  }

  const withGuard = (auth: PaymentsModuleOptions['auth']) =>
    start({
      adapter,
      imports: [PaymentsModule.forRoot(paymentsOptions({ auth }))],
      providers: [Sessions, SessionGuard],
    });

  it('says who calls', async () => {
    const subject = (request: unknown) => (request as SessionRequest).session?.customer;
    const { ours, own } = await withGuard({ guard: SessionGuard, subject });
    const id = await ours.createProject('carol');
    const ask = (cookie?: string, body = '{}') =>
      ours.request('PUT', configPath(id), {
        subject: null,
        body,
        headers: cookie === undefined ? {} : { cookie: `session-of-${cookie}` },
      });
    expect((await ask('carol')).status).toBe(200);
    expectOurInvalid(await ask('carol', '{"colour":"red"}'), [
      { loc: ['body', 'colour'], type: 'extra_forbidden' },
    ]);
    // None of them learns what a body should be.
    expectOurError(await ask('dave', '{'), 403, 'not_project_owner');
    expectOurError(await ask('banned', '{'), 403, 'access_denied');
    expectOurError(await ask(undefined, '{'), 401, 'not_authenticated');
    expectOurError(await ask('nobody', '{'), 401, 'not_authenticated');
    expectOurError(await ask('c'.repeat(256), '{'), 500, 'internal_error');
    // A token is worth nothing where only the host's guard counts.
    expectOurError(await ours.request('GET', configPath(id), { subject: 'carol' }), 401, 'not_authenticated');

    const headers = { authorization: `Bearer ${shopToken('carol')}` };
    expect((await own.request('GET', '/orders/mine', { headers })).status).toBe(200);
    const history = await ours.request('GET', `${configPath(id)}/history`, {
      subject: null,
      headers: { cookie: 'session-of-carol' },
    });
    expect(history.json).toMatchObject({ changes: [{ actor: 'carol' }] });
  });

  it.each<[string, (request: SessionRequest) => boolean | Observable<boolean>]>([
    ['at once', () => true],
    ['later', () => of(true)],
  ])('may be an object that answers %s, and leave the caller where guards do', async (_, answer) => {
    const guard: CanActivate = {
      canActivate(context) {
        const request = context.switchToHttp().getRequest<SessionRequest>();
        request.user = { id: 'erin' };
        return answer(request);
      },
    };
    const { ours } = await withGuard({ guard });
    const id = await ours.createProject('erin');
    expect((await ours.request('GET', configPath(id), { subject: null })).status).toBe(200);
    const foreign = await ours.createProject('frank');
    expectOurError(await ours.request('GET', configPath(foreign)), 403, 'not_project_owner');
  });

  it('may be made for each request, like what it needs', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Visitor {
      readonly id: string | undefined;

      constructor(@Inject(REQUEST) { headers }: SessionRequest) {
        this.id = headers.cookie;
      }
    }

    @Injectable()
    class VisitorGuard implements CanActivate {
      constructor(private readonly visitor: Visitor) {}

      async canActivate(context: ExecutionContext): Promise<boolean> {
        const { id } = this.visitor;
        // Whoever else comes meanwhile is somebody else.
        await new Promise(setImmediate);
        if (id !== undefined) context.switchToHttp().getRequest<SessionRequest>().user = { id };
        return id === this.visitor.id;
      }
    }

    const { ours } = await start({
      adapter,
      imports: [PaymentsModule.forRoot(paymentsOptions({ auth: { guard: VisitorGuard } }))],
      providers: [Visitor, VisitorGuard],
    });
    const owners = ['erin', 'frank', 'grace'];
    const ids = await Promise.all(owners.map((owner) => ours.createProject(owner)));
    const askAs = (cookie: string) => ({ subject: null, headers: { cookie } });
    for (const visitor of owners) {
      const answers = await Promise.all(ids.map((id) => ours.request('GET', configPath(id), askAs(visitor))));
      expect(answers.map(({ status }) => status)).toEqual(
        owners.map((owner) => (owner === visitor ? 200 : 403)),
      );
    }
    const together = await Promise.all(
      owners.map((owner, index) => ours.request('GET', configPath(ids[index] ?? ''), askAs(owner))),
    );
    expect(together.map(({ status }) => status)).toEqual([200, 200, 200]);
    const nobody = await ours.request('GET', configPath(ids[0] ?? ''), { subject: null });
    expectOurError(nobody, 401, 'not_authenticated');
  });

  it('is made when the host has not made one', async () => {
    class Anybody implements CanActivate {
      canActivate(context: ExecutionContext): Observable<boolean> {
        context.switchToHttp().getRequest<SessionRequest>().user = { id: 'erin' };
        return of(context.switchToHttp().getRequest<SessionRequest>().headers.cookie !== 'no');
      }
    }
    const { ours } = await withGuard({ guard: Anybody });
    const id = await ours.createProject('erin');
    expect((await ours.request('GET', configPath(id))).status).toBe(200);
    const refused = await ours.request('GET', configPath(id), { headers: { cookie: 'no' } });
    expectOurError(refused, 403, 'access_denied');
  });
});

describe('parsers that were there before Nest', () => {
  /** An Express application as a monolith hands it in that has moved to Nest step by step. */
  function expressWithParser(keepsRawBodies: boolean): ExpressAdapter {
    const adapter = new ExpressAdapter();
    adapter.useBodyParser('json', keepsRawBodies, { limit: '1mb' });
    return adapter;
  }

  it('do no harm when they keep the bytes', async () => {
    const { ours, url } = await start({ adapter: expressWithParser(true) });
    const id = await ours.createProject();
    expect(await configureAndDeliver(ours, id)).toMatchObject(RECEIVED);
    const large = JSON.stringify({ test_secret_key: 'x'.repeat(20_000) });
    expectOurError(await ours.request('PUT', configPath(id), { body: large }), 413, 'body_too_large');
    const inChunks = rawRequest([
      `PUT ${configPath(id)} HTTP/1.1`,
      `Authorization: Bearer ${testToken('alice')}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      'Connection: close',
    ]);
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    const [answer] = await rawExchange(url, inChunks, chunk);
    expect(answer).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
  });

  it('are found out at once when they do not, and the log says what to do', async () => {
    const log: unknown[] = [];
    const write = (...line: unknown[]) => {
      log.push(line);
    };
    const { ours, own } = await start({
      adapter: expressWithParser(false),
      logger: { log: () => undefined, warn: write, error: write },
    });
    const id = await ours.createProject();
    const body = { test_secret_key: fakeCredential('test_secret_key') };
    expectOurError(await ours.request('PUT', configPath(id), { body }), 500, 'internal_error');
    expect(JSON.stringify(log)).toMatch(
      /register body parsers after NestFactory\.create\(\).*request\.rawBody = /,
    );
    expect(JSON.stringify(log)).not.toContain(body.test_secret_key.slice(-12));

    const order = { article: 'tea', count: 2 };
    expect(await own.request('POST', '/orders', { body: order })).toMatchObject({ json: { body: order } });
  });
});
