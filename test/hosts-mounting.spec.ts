import {
  Injectable,
  Module,
  Scope,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, Reflector, RouterModule } from '@nestjs/core';
import { PaymentsModule, PaymentsOptionsError, type PaymentsModuleOptions } from '../src/index.js';
import { expectOurError } from './hosts/answers.js';
import { ADAPTERS, paymentsOptions, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { configPath, webhookPath } from './support/service.js';
import { sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

type Extras = Partial<Parameters<typeof PaymentsModule.forRoot>[0]>;

interface Settings {
  prefix?: string;
  options?: Partial<PaymentsModuleOptions>;
  extras?: Extras;
  providers?: Parameters<typeof startHost>[0]['providers'];
  below?: string;
}

let database: TestDatabase;
let host: Host | undefined;
let log: { message: unknown; context: unknown }[];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  log = [];
  refused = [];
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

async function start(adapter: AdapterName, settings: Settings = {}): Promise<Host> {
  const { prefix = '', options, extras = {}, providers = [], below } = settings;
  const write = (message: unknown, context?: unknown): void => {
    log.push({ message, context });
  };
  host = await startHost({
    adapter,
    database,
    prefix,
    providers,
    imports: [
      PaymentsModule.forRoot({ ...paymentsOptions(options), ...extras }),
      ...(below === undefined ? [] : [RouterModule.register([{ path: below, module: PaymentsModule }])]),
    ],
    logger: { log: write, warn: write, error: write },
  });
  return host;
}

/** The lines of some events of the log, without their level and context. */
function reported(...names: string[]): unknown[] {
  return log
    .map(({ message }) => message as Record<string, unknown> | undefined)
    .filter((message) => names.includes(String(message?.event)));
}

const WARNINGS = ['routes.prefix_repeated', 'routes.public_url_mismatch', 'webhooks.guarded'];

const WEBHOOKS_PATH = '/stripe/webhooks/{project_id}/{mode}';

const PUBLIC = Symbol('public');

/** The controllers that the host's guard kept callers from. */
let refused: string[];

/** As Nest's documentation has it: whoever is not signed in may only go where a route says so. */
@Injectable()
class SignedInGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>('isPublic', places)) return true;
    if (this.reflector.get<string>(PUBLIC, context.getHandler()) === 'yes') return true;
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    if (headers.authorization === undefined) {
      refused.push(context.getClass().name);
      throw new UnauthorizedException();
    }
    return true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class SignedInGuardOfRequest extends SignedInGuard {}

describe.each(Object.keys(ADAPTERS) as AdapterName[])('on %s', (adapter) => {
  it('Nest writes a line for each route that we offer, and for no other', async () => {
    await start(adapter);
    const mapped = log
      .filter(({ context }) => context === 'RouterExplorer')
      .map(({ message }) => String(message))
      .filter((line) => line.includes('/api/v1/payments'));
    expect(mapped).toContainEqual(expect.stringContaining('projects/:project_id/config, PUT}'));
    expect(mapped.filter((line) => /, (?:PATCH|OPTIONS)\}/.test(line))).toEqual([]);
    expect(new Set(mapped).size).toBe(mapped.length);
    expect(mapped.length).toBeLessThan(25);
  });

  it.each<[string, Settings, string]>([
    ['without a prefix', {}, '/api/v1/payments'],
    ['below a prefix', { prefix: '/shop' }, '/shop/api/v1/payments'],
    ['below the path of a router', { below: 'billing' }, '/billing/api/v1/payments'],
    ['below a path of its own', { extras: { basePath: 'pay' } }, '/pay'],
  ])('one line says where the routes are: %s', async (_, settings, path) => {
    const publicBaseUrl = `https://shop.example.test${path.replace(/\/?(?:api\/v1\/payments|pay)$/, '')}`;
    await start(adapter, { ...settings, options: { publicBaseUrl } });
    expect(reported('routes.mounted', ...WARNINGS)).toEqual([
      expect.objectContaining({
        event: 'routes.mounted',
        path,
        webhooks: `https://shop.example.test${path}${WEBHOOKS_PATH}`,
      }),
    ]);
  });

  it('a process without webhooks says nothing of them, nor of guards that stand before them', async () => {
    await start(adapter, {
      prefix: '/shop',
      extras: { webhooks: false },
      providers: [{ provide: APP_GUARD, useClass: SignedInGuard }],
    });
    expect(reported('routes.mounted', ...WARNINGS)).toEqual([
      expect.not.objectContaining({ webhooks: expect.anything() as unknown }),
    ]);
  });

  it('the start warns of a prefix that stands in the base path again', async () => {
    const { ours } = await start(adapter, {
      prefix: '/api',
      options: { publicBaseUrl: 'https://shop.example.test/api' },
    });
    expect(reported(...WARNINGS)).toEqual([
      expect.objectContaining({
        event: 'routes.prefix_repeated',
        path: '/api/api/v1/payments',
        repeated: 'api',
      }),
    ]);
    const id = await ours.createProject();
    expect((await ours.request('GET', configPath(id))).status).toBe(200);
  });

  it('the start warns when Stripe is given addresses that the application does not serve', async () => {
    await start(adapter, { prefix: '/shop', options: { publicBaseUrl: 'https://shop.example.test' } });
    expect(reported(...WARNINGS)).toEqual([
      expect.objectContaining({
        event: 'routes.public_url_mismatch',
        path: '/shop/api/v1/payments',
        webhooks: `https://shop.example.test/api/v1/payments${WEBHOOKS_PATH}`,
      }),
    ]);
  });

  /** Stores a webhook secret and sends an event that it signed. */
  async function deliver({ ours }: Host) {
    const id = await ours.createProject();
    const secret = fakeCredential('test_webhook_secret');
    expect(
      (await ours.request('PUT', configPath(id), { body: { test_webhook_secret: secret } })).status,
    ).toBe(200);
    const payload = JSON.stringify(snapshotEvent('test'));
    return sendWebhook(ours, webhookPath(id, 'test'), payload, signatureOf(payload, secret));
  }

  it.each([SignedInGuard, SignedInGuardOfRequest])(
    'the start warns of a global guard before the route that Stripe calls: %p',
    async (guard) => {
      const started = await start(adapter, { providers: [{ provide: APP_GUARD, useClass: guard }] });
      expect(reported(...WARNINGS)).toEqual([
        expect.objectContaining({ event: 'webhooks.guarded', guards: [expect.any(String)] }),
      ]);
      expectOurError(await deliver(started), 401, 'not_authenticated');
    },
  );

  it.each<[string, Record<string | symbol, unknown>]>([
    ['a text', { isPublic: true }],
    ['a symbol', { [PUBLIC]: 'yes' }],
  ])(
    'metadata of the host by %s lets Stripe, and nobody else, pass its global guard',
    async (_, metadata) => {
      const started = await start(adapter, {
        extras: { webhooks: { metadata } },
        providers: [{ provide: APP_GUARD, useClass: SignedInGuard }],
      });
      expect(reported(...WARNINGS)).toEqual([]);
      expect(await deliver(started)).toMatchObject({ status: 200, json: { received: true } });
      const id = await started.ours.createProject();
      const asNobody = { subject: null };
      expectOurError(await started.ours.request('GET', configPath(id), asNobody), 401, 'not_authenticated');
      const events = configPath(id).replace('config', 'events');
      expectOurError(await started.ours.request('GET', events, asNobody), 401, 'not_authenticated');
      expect(refused).toEqual(['StripeConfigController', 'StripeEventController']);
      const unsigned = await sendWebhook(started.ours, webhookPath(id, 'test'), '{}', 'x');
      expectOurError(unsigned, 404, 'webhook_not_found');
    },
  );

  it('metadata stays with the application that gave it', async () => {
    const guard = { provide: APP_GUARD, useClass: SignedInGuard };
    await start(adapter, { extras: { webhooks: { metadata: { isPublic: true } } }, providers: [guard] });
    await host?.stop();
    expectOurError(await deliver(await start(adapter, { providers: [guard] })), 401, 'not_authenticated');
  });
});

it('refuses a base path that another instance has, as forRoot in two modules gives', async () => {
  const forRoot = () => PaymentsModule.forRoot(paymentsOptions());
  @Module({ imports: [forRoot()] })
  class OneFeature {}
  @Module({ imports: [forRoot()] })
  class OtherFeature {}

  const starting = startHost({ adapter: 'express', database, imports: [OneFeature, OtherFeature] }).then(
    (started) => (host = started),
  );
  await expect(starting).rejects.toThrow(PaymentsOptionsError);
  await expect(starting).rejects.toThrow(/basePath "api\/v1\/payments" is taken .*; call forRoot once/);
});

it('lets several modules import one instance', async () => {
  const payments = PaymentsModule.forRoot(paymentsOptions());
  @Module({ imports: [payments] })
  class OneFeature {}
  @Module({ imports: [payments] })
  class OtherFeature {}

  host = await startHost({ adapter: 'express', database, imports: [OneFeature, OtherFeature] });
  const id = await host.ours.createProject();
  expect((await host.ours.request('GET', configPath(id))).status).toBe(200);
});
