import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  ClassSerializerInterceptor,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  ValidationPipe,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, HttpAdapterHost, REQUEST } from '@nestjs/core';
import { finalize, map, tap, type Observable } from 'rxjs';
import { expectNestError, expectOurError, expectShopError } from './hosts/answers.js';
import { ShopFilter } from './hosts/shop.js';
import { ADAPTERS, startHost, type AdapterName, type Host, type HostOptions } from './hosts/start-host.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { configPath, testToken, webhookPath, type RequestOptions } from './support/service.js';
import { sendWebhook, signatureOf, snapshotEvent } from './support/webhooks.js';

const ORIGIN = 'https://shop.example.test';

let database: TestDatabase;
let host: Host;
let projectId: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => host.stop());

const config = (method: string, options?: RequestOptions) =>
  host.ours.request(method, configPath(projectId), options);

@Injectable()
class DoorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    if (headers['x-banned'] !== undefined) throw new ForbiddenException('you are banned');
    return headers['x-ticket'] === 'valid';
  }
}

@Injectable()
class Wrapper implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

/** Leaves out our routes, as the guide to embedding says. */
@Injectable()
class SparingWrapper extends Wrapper {
  override intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return url.startsWith('/shop/api/v1/payments/') ? next.handle() : super.intercept(context, next);
  }
}

const OF_HOST = { caller: 'a caller', user: 'a user', authInfo: 'something about them' };

/** Keeps things on requests under the names that are the likeliest to be taken twice. */
@Injectable()
class Caller implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    Object.assign(context.switchToHttp().getRequest<object>(), OF_HOST);
    return true;
  }
}

/** Reports what is on a request when its handler is through. */
@Injectable()
class Reporter implements NestInterceptor {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { caller, user, authInfo } = http.getRequest<typeof OF_HOST>();
    return next.handle().pipe(
      tap(() => {
        this.adapterHost.httpAdapter.setHeader(
          http.getResponse(),
          'x-told',
          JSON.stringify({ caller, user, authInfo }),
        );
      }),
    );
  }
}

interface PlainRequest {
  method: string;
  url: string;
  headers: Record<string, unknown>;
}

@Injectable({ scope: Scope.REQUEST })
class RequestGuard implements CanActivate {
  constructor(@Inject(REQUEST) private readonly request: PlainRequest) {}

  canActivate(): boolean {
    return this.request.headers['x-banned'] === undefined;
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestReporter implements NestInterceptor {
  constructor(
    @Inject(REQUEST) private readonly request: PlainRequest,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, url } = this.request;
    this.adapterHost.httpAdapter.setHeader(
      context.switchToHttp().getResponse(),
      'x-told',
      `${method} ${url}`,
    );
    return next.handle();
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestPipe extends ValidationPipe {
  constructor() {
    super({ whitelist: true, forbidNonWhitelisted: true, transform: true });
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestFilter extends ShopFilter {}

describe.each(Object.keys(ADAPTERS) as AdapterName[])('on %s', (adapter) => {
  async function start(options: Omit<HostOptions, 'adapter' | 'database'>): Promise<void> {
    host = await startHost({ adapter, database, ...options });
    projectId = await host.ours.createProject();
  }

  it('a global guard of the host guards our routes, too', async () => {
    await start({ providers: [{ provide: APP_GUARD, useClass: DoorGuard }] });
    const ticket = { 'x-ticket': 'valid' };
    expectNestError(await host.own.request('POST', '/orders', { body: {} }), 403);
    for (const headers of [{}, { ...ticket, 'x-banned': 'yes' }]) {
      expectOurError(await config('PUT', { body: {}, headers }), 403, 'access_denied');
      const webhook = await sendWebhook(host.ours, webhookPath(projectId, 'test'), '{}', 'x', headers);
      expectOurError(webhook, 403, 'access_denied');
      expectOurError(await config('PATCH', { headers }), 403, 'access_denied');
    }
    expect((await config('PUT', { body: {}, headers: ticket })).status).toBe(200);
    expectOurError(await config('PATCH', { headers: ticket }), 405, 'method_not_allowed');
  });

  it('an interceptor of the host wraps what we answer, too, but not our errors', async () => {
    await start({ providers: [{ provide: APP_INTERCEPTOR, useClass: Wrapper }] });
    const secret = fakeCredential('test_webhook_secret');
    const { status, json } = await config('PUT', { body: { test_webhook_secret: secret } });
    expect({ status, json }).toMatchObject({ status: 200, json: { data: { project_id: projectId } } });
    expectOurError(await config('PUT', { body: '[]' }), 400, 'malformed_body');
    const payload = JSON.stringify(snapshotEvent('test'));
    const signature = signatureOf(payload, secret);
    const webhook = await sendWebhook(host.ours, webhookPath(projectId, 'test'), payload, signature);
    expect(webhook).toMatchObject({ status: 200, json: { data: { received: true } } });
    expect((await config('DELETE')).status).toBe(204);
  });

  it('the interceptor that hosts serialize their own classes with changes nothing of ours', async () => {
    await start({ providers: [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }] });
    expect((await config('GET')).text).toBe('null');
    const key = fakeCredential('test_secret_key');
    const put = await config('PUT', { body: { test_secret_key: key } });
    expect({ status: put.status, json: put.json }).toMatchObject({
      status: 200,
      json: {
        project_id: projectId,
        test_secret_key_masked: expectedMask('test_secret_key', key),
        live_secret_key_masked: null,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      },
    });
    const { status, text } = await config('GET');
    expect({ status, text }).toEqual({ status: 200, text: put.text });
  });

  it('what the host makes for each request, it makes for ours, too', async () => {
    await start({
      providers: [
        { provide: APP_GUARD, useClass: RequestGuard },
        { provide: APP_INTERCEPTOR, useClass: RequestReporter },
        { provide: APP_PIPE, useClass: RequestPipe },
        { provide: APP_FILTER, useClass: RequestFilter },
      ],
    });
    const secret = fakeCredential('live_webhook_secret');
    const put = await config('PUT', { body: { live_webhook_secret: secret } });
    expect(put).toMatchObject({ status: 200, json: { project_id: projectId } });
    expect(put.headers.get('x-told')).toBe(`PUT ${configPath(projectId)}`);
    expectOurError(await config('PUT', { body: '[]' }), 400, 'malformed_body');
    expectOurError(await config('PATCH', { body: '{' }), 405, 'method_not_allowed');
    expectOurError(await config('GET', { headers: { 'x-banned': 'yes' } }), 403, 'access_denied');
    const payload = ` ${JSON.stringify(snapshotEvent('live'))}`;
    const path = webhookPath(projectId, 'live');
    const webhook = await sendWebhook(host.ours, path, payload, signatureOf(payload, secret));
    expect(webhook).toMatchObject({ status: 200, json: { received: true } });
    expectShopError(await host.own.request('GET', '/orders/broken'), 500);
  });

  it('an interceptor of the host can leave our routes out by their path', async () => {
    await start({ prefix: '/shop', providers: [{ provide: APP_INTERCEPTOR, useClass: SparingWrapper }] });
    expect((await config('GET')).json).toBeNull();
    expect((await config('PUT', { body: {} })).json).toMatchObject({ project_id: projectId });
    const ordered = await host.own.request('POST', '/orders', { body: { item: 'tea' } });
    expect(ordered.json).toHaveProperty('data');
  });

  it('what the host keeps on a request stays', async () => {
    await start({
      providers: [
        { provide: APP_GUARD, useClass: Caller },
        { provide: APP_INTERCEPTOR, useClass: Reporter },
      ],
    });
    const { status, headers } = await config('GET');
    expect({ status, told: headers.get('x-told') }).toEqual({
      status: 200,
      told: JSON.stringify(OF_HOST),
    });
  });

  it.each<[string, Pick<HostOptions, 'application' | 'prepare'>]>([
    ['by an option', { application: { cors: { origin: ORIGIN, methods: 'PUT' } } }],
    [
      'by a call',
      {
        prepare: (app) => {
          app.enableCors({ origin: ORIGIN, methods: 'PUT' });
        },
      },
    ],
  ])('the host lets browsers in (%s), with preflights', async (_, options) => {
    await start({ ...options, prefix: '/shop' });
    const headers = { origin: ORIGIN };
    const preflight = await config('OPTIONS', {
      subject: null,
      headers: {
        ...headers,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('PUT');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');

    const changed = await config('PUT', { body: {}, headers });
    const refused = await config('PUT', { body: '[]', headers });
    expect(changed.status).toBe(200);
    expectOurError(refused, 400, 'malformed_body');
    for (const answer of [changed, refused]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    }
  });

  it('a client that goes away while the host’s guard thinks leaves nothing waiting', async () => {
    const events: string[] = [];
    const slowly: CanActivate = {
      async canActivate(context) {
        const { raw, socket } = context
          .switchToHttp()
          .getRequest<{ raw?: IncomingMessage; socket: Socket }>();
        const closed = new Promise((resolve) => (raw?.socket ?? socket).once('close', resolve));
        events.push('asked');
        await closed;
        return true;
      },
    };
    const observer: NestInterceptor = {
      intercept: (_context, next) =>
        next.handle().pipe(
          finalize(() => {
            events.push('finished');
          }),
        ),
    };
    await start({
      providers: [
        { provide: APP_GUARD, useValue: slowly },
        { provide: APP_INTERCEPTOR, useValue: observer },
      ],
    });
    const client = httpRequest(host.url + configPath(projectId), {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${testToken('alice')}`,
        'content-type': 'application/json',
        'content-length': '10',
      },
    });
    client.on('error', () => undefined);
    client.write('{');
    await eventually('the guard to be asked', () => events.includes('asked'));
    client.destroy();
    await eventually('the request to be finished', () => events.includes('finished'), 10_000);
  });
});
